package kvstore.client.wire;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * An encoded message whose middle is a payload in off-heap memory: what a gRPC marshaller returns.
 *
 * <p>It knows its length, so that gRPC takes one buffer of the right size, and drains itself, so that nothing is copied
 * twice. gRPC's buffers hold 1 MiB: a message of more than that less 5 bytes ends in a tiny second frame. The memory must
 * stay alive until the stream is drained, which {@code sendMessage} does before it returns once a call is ready.
 */
public final class FrameStream extends InputStream implements KnownLength, Drainable {
    private static final byte[] NOTHING = {};

    private final byte[] head;
    private final MemorySegment payload;
    private final byte[] tail;
    private long position;

    /**
     * @param head the encoded fields before the payload, up to and with the payload's tag and length
     * @param payload the bytes of one field
     * @param tail the encoded fields after it
     */
    public FrameStream(byte[] head, MemorySegment payload, byte[] tail) {
        this.head = head;
        this.payload = payload;
        this.tail = tail;
    }

    /** As {@link #FrameStream(byte[], MemorySegment, byte[])}, with the payload last. */
    public FrameStream(byte[] head, MemorySegment payload) {
        this(head, payload, NOTHING);
    }

    @Override
    public int available() {
        return Math.toIntExact(head.length + payload.byteSize() + tail.length - position);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        int drained = available();
        if (position == 0) {
            target.write(head);
            SegmentIo.copy(payload, target);
            target.write(tail);
            position = drained;
        } else {
            transferTo(target);
        }
        return drained;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] destination, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, destination.length);
        if (length == 0) {
            return 0;
        }
        long payloadEnd = head.length + payload.byteSize();
        int count;
        if (position < head.length) {
            count = (int) Math.min(length, head.length - position);
            System.arraycopy(head, (int) position, destination, offset, count);
        } else if (position < payloadEnd) {
            count = (int) Math.min(length, payloadEnd - position);
            SegmentIo.copy(payload, position - head.length, destination, offset, count);
        } else {
            count = (int) Math.min(length, payloadEnd + tail.length - position);
            if (count == 0) {
                return -1;
            }
            System.arraycopy(tail, (int) (position - payloadEnd), destination, offset, count);
        }
        position += count;
        return count;
    }
}
