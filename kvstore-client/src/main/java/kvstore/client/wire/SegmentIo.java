package kvstore.client.wire;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Copies between streams and off-heap memory.
 *
 * <p>Streams speak {@code byte[]}, so the bytes go through one small array per thread, which stays in the cache of the
 * core. That measured as fast as gRPC's {@code HasByteBuffer} and needs nothing experimental.
 */
public final class SegmentIo {
    private static final int SCRATCH_BYTES = 64 * 1024;
    private static final ThreadLocal<byte[]> SCRATCH = ThreadLocal.withInitial(() -> new byte[SCRATCH_BYTES]);

    private SegmentIo() {}

    /** Writes the whole segment. */
    public static void copy(MemorySegment source, OutputStream destination) throws IOException {
        byte[] scratch = SCRATCH.get();
        long size = source.byteSize();
        for (long offset = 0; offset < size; offset += SCRATCH_BYTES) {
            int length = (int) Math.min(SCRATCH_BYTES, size - offset);
            copy(source, offset, scratch, 0, length);
            destination.write(scratch, 0, length);
        }
    }

    /**
     * Fills the whole segment.
     *
     * @throws WireFormatException if the stream ends before; what of the segment was filled by then is undefined
     */
    public static void fill(MemorySegment destination, InputStream source) throws IOException {
        byte[] scratch = SCRATCH.get();
        long size = destination.byteSize();
        long offset = 0;
        while (offset < size) {
            int read = source.read(scratch, 0, (int) Math.min(SCRATCH_BYTES, size - offset));
            if (read < 0) {
                throw new WireFormatException("the message ends after %d of %d bytes".formatted(offset, size));
            }
            MemorySegment.copy(scratch, 0, destination, ValueLayout.JAVA_BYTE, offset, read);
            offset += read;
        }
    }

    static void copy(MemorySegment source, long sourceOffset, byte[] destination, int offset, int length) {
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, sourceOffset, destination, offset, length);
    }
}
