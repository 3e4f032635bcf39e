package kvstore.server.lm;

import io.netty.buffer.ByteBuf;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.LmCommand;
import org.jspecify.annotations.Nullable;

/**
 * The header of a request.
 *
 * @param length of the payload that follows, in bytes; 0 but for PUT
 * @param key null if it is empty
 */
record LmRequest(
        LmForm form,
        LmCommand command,
        int length,
        LmMetadata metadata,
        @Nullable ChunkKey key) {
    private static final byte PADDING = ' ';

    /**
     * Reads one, of which all bytes are there.
     *
     * @param tenant whose key it names
     * @throws LmProtocolException if the connection cannot go on
     */
    static LmRequest read(LmForm form, Tenant tenant, ByteBuf in) throws LmProtocolException {
        ByteBuf header = in.readSlice(form.requestBytes());
        int number = header.readIntLE();
        LmCommand command = LmCommand.of(number);
        if (command == LmCommand.UNKNOWN) {
            throw new LmProtocolException("command " + number + " is unknown; 1 to 5 are known");
        }
        int length = header.readIntLE();
        if (length < 0) {
            throw new LmProtocolException("length " + length + " is negative");
        }
        LmMetadata metadata = form == LmForm.V1 ? LmMetadata.readRequest(header) : LmMetadata.NONE;
        return new LmRequest(form, command, command == LmCommand.PUT ? length : 0, metadata, key(form, tenant, header));
    }

    /** Clients fill the key up with spaces, and LMCache's own server strips them. */
    private static @Nullable ChunkKey key(LmForm form, Tenant tenant, ByteBuf header) {
        int end = header.writerIndex();
        while (end > form.keyOffset() && header.getByte(end - 1) == PADDING) {
            end--;
        }
        byte[] key = new byte[end - form.keyOffset()];
        header.getBytes(form.keyOffset(), key);
        return key.length == 0 ? null : ChunkKey.of(tenant.namespace(form.namespace()), key);
    }
}
