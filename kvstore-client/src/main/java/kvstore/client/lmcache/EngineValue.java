package kvstore.client.lmcache;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Values of {@code plugin://kvstore}, LMCache's in-process mode, as {@code docs/reference/in-process-values.md} says: of
 * even length the payload alone, of odd length the payload and what it is.
 */
final class EngineValue {
    private static final int FIXED_BYTES = Integer.BYTES;
    private static final int FOOTER_BYTES = 16;
    private static final int MAX_GROUPS = 64;
    private static final byte VERSION = 1;
    private static final byte[] MAGIC = "KVSDM".getBytes(StandardCharsets.US_ASCII);

    private EngineValue() {}

    /** What follows the payload: nothing, where the engine knows from its own shape what it is. */
    static byte[] tail(EngineKey key, RemoteMetadata metadata) {
        if (KvShape.isPlain(key, metadata)) {
            return new byte[0];
        }
        byte[] description = metadata.withoutLength();
        int bytes = description.length + FOOTER_BYTES;
        int padding = (metadata.length() + bytes) % 2 == 1 ? 0 : 1;
        return ByteBuffer.allocate(bytes + padding)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(description)
                .position(description.length + padding)
                .putLong(metadata.length())
                .putShort((short) metadata.groups().size())
                .put(VERSION)
                .put(MAGIC)
                .array();
    }

    /**
     * What a value is.
     *
     * @param shape of the engine's KV cache; null if it is not known, and then plain values cannot be told
     * @throws UnusableException with {@link SkipReason#NOT_NAMEABLE}
     */
    static RemoteMetadata metadata(EngineKey key, MemorySegment value, @Nullable KvShape shape)
            throws UnusableException {
        long bytes = value.byteSize();
        if (bytes % 2 == 0) {
            if (shape == null) {
                throw new UnusableException(
                        SkipReason.NOT_NAMEABLE, "the shape of plain values is not stored: say --kv-shape");
            }
            return shape.metadata(key, bytes);
        }
        ByteBuffer footer = ByteBuffer.wrap(end(value, FOOTER_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        long payloadBytes = footer.remaining() < FOOTER_BYTES ? -1 : footer.getLong();
        int groups = payloadBytes < 1 ? 0 : Short.toUnsignedInt(footer.getShort());
        boolean known =
                groups >= 1 && groups <= MAX_GROUPS && footer.get() == VERSION && footer.equals(ByteBuffer.wrap(MAGIC));
        int description = FIXED_BYTES + groups * RemoteMetadata.GROUP_BYTES;
        long padding = bytes - FOOTER_BYTES - description - payloadBytes;
        if (!known || payloadBytes > Integer.MAX_VALUE || padding < 0 || padding > 1) {
            throw new UnusableException(SkipReason.NOT_NAMEABLE, "no value of the in-process connector");
        }
        byte[] described = value.asSlice(payloadBytes, description).toArray(ValueLayout.JAVA_BYTE);
        try {
            return RemoteMetadata.withoutLength((int) payloadBytes, described, groups);
        } catch (UnusableException e) {
            throw new UnusableException(SkipReason.NOT_NAMEABLE, String.valueOf(e.getMessage()));
        }
    }

    private static byte[] end(MemorySegment value, int most) {
        long length = Math.min(most, value.byteSize());
        return value.asSlice(value.byteSize() - length).toArray(ValueLayout.JAVA_BYTE);
    }
}
