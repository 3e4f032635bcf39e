package kvstore.server.region;

import io.netty.buffer.ByteBuf;
import java.util.UUID;
import kvstore.api.IoFailure;
import kvstore.api.Region;
import kvstore.gds.GpuEngine;

/** The message with which a client hands over GPU memory. Nothing in it is checked yet. */
final class GpuHandover {
    /** First byte of the message. */
    static final byte KIND = 2;

    private static final int HANDLE_BYTES = 64;

    /** Size of the message with its first byte. */
    static final int MESSAGE_BYTES = 1 + 2 * Long.BYTES + HANDLE_BYTES + 2 * Long.BYTES;

    private final UUID gpu;
    private final byte[] handle;
    private final long offset;
    private final long sizeBytes;

    /** Reads a whole message. */
    GpuHandover(ByteBuf message) {
        ByteBuf bytes = message.slice(1, MESSAGE_BYTES - 1);
        // CUDA's bytes are those of a UUID as it is written
        gpu = new UUID(bytes.readLong(), bytes.readLong());
        handle = new byte[HANDLE_BYTES];
        bytes.readBytes(handle);
        offset = bytes.readLongLE();
        sizeBytes = bytes.readLongLE();
    }

    /** Maps the memory, if the engine takes it. */
    Region open(GpuEngine engine) throws IoFailure {
        return engine.region(gpu, handle, offset, sizeBytes);
    }
}
