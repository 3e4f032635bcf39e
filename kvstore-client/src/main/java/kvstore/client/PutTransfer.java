package kvstore.client;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import kvstore.v1.PutBegin;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;

/**
 * Sends chunks on one stream, only as fast as the connection takes them, and leaves out the rest of a chunk whose status
 * came early.
 */
final class PutTransfer extends Transfer<PutResponse, PutResult> {
    /** Payload of one frame, in bytes. With its header it stays below gRPC's buffers of 1 MiB. */
    static final int FRAME_BYTES = 512 * 1024;

    private final ClientCall<PutFrame, PutResponse> call;
    private final String clientId;

    private int current;
    private boolean begun;
    private long offset;
    private boolean halfClosed;

    private PutTransfer(
            ClientCall<PutFrame, PutResponse> call, Failures failures, List<Chunk> chunks, String clientId) {
        super(call, failures, chunks);
        this.call = call;
        this.clientId = clientId;
    }

    static CompletableFuture<List<PutResult>> start(
            ClientCall<PutFrame, PutResponse> call, Failures failures, List<Chunk> chunks, String clientId) {
        PutTransfer transfer = new PutTransfer(call, failures, chunks, clientId);
        call.start(transfer, new Metadata());
        // one more than there can be, so that an answer too many is seen
        call.request(chunks.size() + 1);
        return transfer.future();
    }

    @Override
    public void onReady() {
        while (!halfClosed && !hasFailed() && call.isReady()) {
            sendNext();
        }
    }

    @Override
    public void onMessage(PutResponse response) {
        if (hasFailed() || !isExpected(response.getIndex())) {
            return;
        }
        if (response.getIndex() > current || (response.getIndex() == current && !begun)) {
            fail("an answer for chunk %d before its begin".formatted(response.getIndex()), null);
            return;
        }
        if (response.getStatus() == PutStatus.PUT_STATUS_UNSPECIFIED) {
            fail("an answer without a status for chunk " + response.getIndex(), null);
            return;
        }
        setResult(
                response.getIndex(), new PutResult(response.getStatus(), response.getReason(), response.getMessage()));
        // what is left of this chunk need not be sent, so there may be room for the next
        onReady();
    }

    private void sendNext() {
        Chunk chunk = chunks.get(current);
        long size = chunk.memory().byteSize();
        if (!begun) {
            call.sendMessage(new PutFrame.Begin(PutBegin.newBuilder()
                    .setKey(WireKeys.bytes(chunk.key()))
                    .setLength(size)
                    .setClientId(clientId)
                    .build()));
            begun = true;
        } else if (offset < size && !hasResult(current)) {
            MemorySegment frame = chunk.memory().asSlice(offset, Math.min(FRAME_BYTES, size - offset));
            call.sendMessage(new PutFrame.Data(frame));
            offset += frame.byteSize();
        } else if (current + 1 < chunks.size()) {
            current++;
            begun = false;
            offset = 0;
        } else {
            call.halfClose();
            halfClosed = true;
        }
    }
}
