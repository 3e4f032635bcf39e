package kvstore.server.grpc;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import kvstore.client.wire.FrameStream;
import kvstore.v1.GetRequest;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.MissReason;

/**
 * A {@link GetResponse} whose payload lies in a slab. gRPC copies it into Netty's buffers while
 * {@link io.grpc.ServerCall#sendMessage} runs, so the slab may go as soon as that returns.
 *
 * @param index as in GetResponse
 * @param length as in GetResponse, 0 to leave out
 * @param data the payload, possibly empty
 * @param status as in GetResponse
 * @param reason as in GetResponse
 */
record GetFrame(int index, long length, MemorySegment data, GetStatus status, MissReason reason) {
    /** {@code KvStore.Get} with these frames in place of the generated class; the bytes on the wire are the same. */
    static final MethodDescriptor<GetRequest, GetFrame> METHOD = KvStoreGrpc.getGetMethod().toBuilder(
                    KvStoreGrpc.getGetMethod().getRequestMarshaller(), new Marshaller())
            .build();

    /** The only frame of a key that is not here, or the last of one that turned out to be bad. */
    static GetFrame miss(int index, MissReason reason) {
        return new GetFrame(index, 0, MemorySegment.NULL, GetStatus.GET_STATUS_MISS, reason);
    }

    /** Writes frames in the form of the generated class. */
    private static final class Marshaller implements MethodDescriptor.Marshaller<GetFrame> {
        @Override
        public InputStream stream(GetFrame frame) {
            GetResponse.Builder tail =
                    GetResponse.newBuilder().setStatus(frame.status).setReason(frame.reason);
            return new FrameStream(head(frame), frame.data, tail.build().toByteArray());
        }

        /** All fields before the payload, and the payload's tag and length if there is one. */
        private static byte[] head(GetFrame frame) {
            GetResponse fields = GetResponse.newBuilder()
                    .setIndex(frame.index)
                    .setLength(frame.length)
                    .build();
            ByteArrayOutputStream head = new ByteArrayOutputStream(32);
            try {
                CodedOutputStream out = CodedOutputStream.newInstance(head);
                fields.writeTo(out);
                if (frame.data.byteSize() > 0) {
                    out.writeTag(GetResponse.DATA_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                    out.writeUInt64NoTag(frame.data.byteSize());
                }
                out.flush();
            } catch (IOException e) {
                throw new AssertionError("writing to memory cannot fail", e);
            }
            return head.toByteArray();
        }

        @Override
        public GetFrame parse(InputStream message) {
            throw new UnsupportedOperationException("the daemon receives no GetResponse");
        }
    }
}
