package kvstore.client;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import kvstore.client.wire.FrameStream;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.PutBegin;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;

/** A {@code PutRequest} on its way out, with the payload still where the caller has it. */
sealed interface PutFrame {
    /** {@code KvStore.Put} with these frames in place of the generated class; the bytes on the wire are the same. */
    MethodDescriptor<PutFrame, PutResponse> METHOD = KvStoreGrpc.getPutMethod().toBuilder(
                    new Marshaller(), KvStoreGrpc.getPutMethod().getResponseMarshaller())
            .build();

    record Begin(PutBegin begin) implements PutFrame {}

    record Data(MemorySegment bytes) implements PutFrame {}

    /** One way only: the daemon has its own for the other. */
    final class Marshaller implements MethodDescriptor.Marshaller<PutFrame> {
        @Override
        public InputStream stream(PutFrame frame) {
            return switch (frame) {
                case Begin(PutBegin begin) ->
                    new FrameStream(
                            PutRequest.newBuilder().setBegin(begin).build().toByteArray(), MemorySegment.NULL);
                case Data(MemorySegment bytes) -> new FrameStream(dataHead((int) bytes.byteSize()), bytes);
            };
        }

        @Override
        public PutFrame parse(InputStream stream) {
            throw new UnsupportedOperationException("the client does not receive PutRequest");
        }

        private static byte[] dataHead(int length) {
            byte[] head = new byte
                    [CodedOutputStream.computeTagSize(PutRequest.DATA_FIELD_NUMBER)
                            + CodedOutputStream.computeUInt32SizeNoTag(length)];
            try {
                CodedOutputStream out = CodedOutputStream.newInstance(head);
                out.writeTag(PutRequest.DATA_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                out.writeUInt32NoTag(length);
                out.checkNoSpaceLeft();
                return head;
            } catch (IOException e) {
                throw new AssertionError("the array has exactly the computed size", e);
            }
        }
    }
}
