package kvstore.client;

import com.google.protobuf.WireFormat;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import kvstore.client.wire.WireFormatException;
import kvstore.client.wire.WireReader;
import kvstore.v1.GetRequest;
import kvstore.v1.GetResponse;
import kvstore.v1.KvStoreGrpc;

/**
 * A {@code GetResponse} that is read while gRPC unmarshals it: {@link #readHead}, {@link #readPayload} if there is any,
 * {@link #readTail}.
 *
 * <p>Not in the listener's {@code onMessage}: of a call that began before its channel knew an address, gRPC keeps the
 * messages in a queue for the listener, and closes their streams meanwhile. Where the payload belongs is said by the fields
 * before it; every protobuf library writes them in that order, and a message that does not is refused rather than kept on
 * the heap.
 */
final class GetFrame {
    private final WireReader in;
    private int index;
    private long length;
    private int payloadBytes;
    private int status;
    private int reason;

    GetFrame(InputStream stream) {
        in = new WireReader(stream);
    }

    /**
     * {@code KvStore.Get} for one call, with these frames in place of the generated class; the bytes on the wire are the
     * same.
     *
     * @param reader reads each frame before it goes to the listener, one after the other. It throws nothing: that would
     *     reach the caller without a sentence
     */
    static MethodDescriptor<GetRequest, GetFrame> method(Consumer<GetFrame> reader) {
        return KvStoreGrpc.getGetMethod().toBuilder(
                        KvStoreGrpc.getGetMethod().getRequestMarshaller(), new Marshaller(reader))
                .build();
    }

    /** Reads the fields before the payload, or all if there is none. */
    void readHead() throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == tag(GetResponse.DATA_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED)) {
                payloadBytes = in.readLength();
                return;
            }
            readField(tag);
        }
    }

    /**
     * Takes the payload.
     *
     * @param destination of exactly {@link #payloadBytes}
     */
    void readPayload(MemorySegment destination) throws IOException {
        in.readInto(destination);
    }

    /** Reads the fields after the payload. */
    void readTail() throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case GetResponse.INDEX_FIELD_NUMBER, GetResponse.LENGTH_FIELD_NUMBER, GetResponse.DATA_FIELD_NUMBER ->
                    throw new WireFormatException("field %d of GetResponse comes after its data"
                            .formatted(WireFormat.getTagFieldNumber(tag)));
                default -> readField(tag);
            }
        }
    }

    /** Which key of the request; unsigned. */
    int index() {
        return index;
    }

    /** Length of the value in bytes, or 0 if the message does not say; unsigned. */
    long length() {
        return length;
    }

    /** How much of the value the message carries, in bytes. */
    int payloadBytes() {
        return payloadBytes;
    }

    /** The number of a {@code GetStatus}. */
    int status() {
        return status;
    }

    /** The number of a {@code MissReason}. */
    int reason() {
        return reason;
    }

    private void readField(int tag) throws IOException {
        if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_VARINT) {
            in.skip(tag);
            return;
        }
        long value = in.readVarint();
        switch (WireFormat.getTagFieldNumber(tag)) {
            case GetResponse.INDEX_FIELD_NUMBER -> index = (int) value;
            case GetResponse.LENGTH_FIELD_NUMBER -> length = value;
            case GetResponse.STATUS_FIELD_NUMBER -> status = (int) value;
            case GetResponse.REASON_FIELD_NUMBER -> reason = (int) value;
            default -> {
                // a field of a newer release
            }
        }
    }

    private static int tag(int field, int wireType) {
        return field << 3 | wireType;
    }

    private record Marshaller(Consumer<GetFrame> reader) implements MethodDescriptor.Marshaller<GetFrame> {
        @Override
        public InputStream stream(GetFrame frame) {
            throw new UnsupportedOperationException("the client does not send GetResponse");
        }

        @Override
        public GetFrame parse(InputStream stream) {
            GetFrame frame = new GetFrame(stream);
            reader.accept(frame);
            return frame;
        }
    }
}
