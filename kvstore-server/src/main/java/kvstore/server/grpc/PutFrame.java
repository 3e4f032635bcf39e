package kvstore.server.grpc;

import com.google.protobuf.WireFormat;
import io.grpc.Detachable;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import kvstore.client.wire.WireFormatException;
import kvstore.client.wire.WireReader;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.PutBegin;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import org.jspecify.annotations.Nullable;

/**
 * A {@link PutRequest} whose payload is still in Netty's buffers: {@code begin} is parsed, {@code data} waits to be
 * copied to where it belongs.
 *
 * <p>Wire-compatible with the generated class, except that {@code data} must follow {@code begin}, as every protobuf
 * serializer writes it. Not thread-safe.
 */
final class PutFrame implements AutoCloseable {
    /** {@code KvStore.Put} with these frames in place of the generated class; the bytes on the wire are the same. */
    static final MethodDescriptor<PutFrame, PutResponse> METHOD = KvStoreGrpc.getPutMethod().toBuilder(
                    new Marshaller(), KvStoreGrpc.getPutMethod().getResponseMarshaller())
            .build();

    private static final int BEGIN_TAG = tag(PutRequest.BEGIN_FIELD_NUMBER);
    private static final int DATA_TAG = tag(PutRequest.DATA_FIELD_NUMBER);

    /** A begin holds a key and two small fields; more is not one of ours. */
    private static final int MAX_BEGIN_BYTES = 64 * 1024;

    private InputStream message;
    private WireReader in;
    private @Nullable PutBegin begin;
    private @Nullable IOException malformed;
    private int dataBytesLeft;

    private PutFrame(InputStream message) {
        this.message = message;
        this.in = new WireReader(message);
    }

    /** Reads all up to the payload. The stream must live until the payload was copied, see {@link #detach}. */
    static PutFrame parse(InputStream message) throws IOException {
        PutFrame frame = new PutFrame(message);
        for (int tag = frame.in.readTag(); tag != 0; tag = frame.in.readTag()) {
            if (tag == DATA_TAG) {
                frame.dataBytesLeft = frame.in.readLength();
                if (frame.dataBytesLeft > message.available()) {
                    throw new WireFormatException(
                            "the message ends before its " + frame.dataBytesLeft + " bytes of data");
                }
                if (frame.dataBytesLeft > 0) {
                    break;
                }
            } else if (tag == BEGIN_TAG) {
                frame.begin = PutBegin.parseFrom(frame.in.readBytes(MAX_BEGIN_BYTES));
            } else {
                frame.in.skip(tag);
            }
        }
        return frame;
    }

    /** Says that this breaks the contract; it will be {@link #check}ed in its turn. */
    void refuse(IOException why) {
        malformed = why;
    }

    /** @throws IOException if this is no PutRequest, as far as it was read, or was refused */
    void check() throws IOException {
        if (malformed != null) {
            throw malformed;
        }
    }

    /** Whether there is nothing left in it. */
    boolean isDone() {
        return begin == null && dataBytesLeft == 0 && malformed == null;
    }

    /** The start of a chunk, or null if this frame goes on with the current one. */
    @Nullable
    PutBegin begin() {
        return begin;
    }

    /** Takes {@code begin} away: it has been seen to. */
    void beginTaken() {
        begin = null;
    }

    /** Bytes of payload that have not been copied yet. */
    int dataBytesLeft() {
        return dataBytesLeft;
    }

    /** Fills {@code target} with the next bytes of the payload, of which {@link #dataBytesLeft} are enough. */
    void copyTo(MemorySegment target) throws IOException {
        in.readInto(target);
        consumed(Math.toIntExact(target.byteSize()));
    }

    /** Drops the rest of the payload. */
    void skip() throws IOException {
        in.skipBytes(dataBytesLeft);
        consumed(dataBytesLeft);
    }

    /** What follows the payload may only be fields of a later version: a begin there would belong before it. */
    private void consumed(int bytes) throws IOException {
        dataBytesLeft -= bytes;
        if (dataBytesLeft > 0) {
            return;
        }
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == BEGIN_TAG || tag == DATA_TAG) {
                throw new WireFormatException("begin or data after data in one message");
            }
            in.skip(tag);
        }
    }

    /** Keeps the payload beyond the callback that delivered the frame: gRPC closes what is not detached. */
    void detach() {
        if (message instanceof Detachable detachable) {
            message = detachable.detach();
            in = new WireReader(message);
        }
    }

    /** Lets go of the buffers. */
    @Override
    public void close() {
        try {
            message.close();
        } catch (IOException e) {
            throw new AssertionError("memory cannot fail to close", e);
        }
    }

    private static int tag(int field) {
        return field << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    }

    /** Takes frames apart without copying their payload. */
    private static final class Marshaller implements MethodDescriptor.Marshaller<PutFrame> {
        @Override
        public PutFrame parse(InputStream message) {
            try {
                return PutFrame.parse(message);
            } catch (IOException e) {
                // Not thrown: gRPC would end the call as UNKNOWN and tell nobody, least of all the thread that serves
                // it.
                PutFrame frame = new PutFrame(message);
                frame.refuse(e);
                return frame;
            }
        }

        @Override
        public InputStream stream(PutFrame frame) {
            throw new UnsupportedOperationException("the daemon sends no PutRequest");
        }
    }
}
