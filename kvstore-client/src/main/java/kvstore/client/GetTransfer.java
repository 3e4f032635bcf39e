package kvstore.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import kvstore.v1.GetRequest;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import org.jspecify.annotations.Nullable;

/** Receives chunks on one stream, each frame straight into its place in the caller's memory. */
final class GetTransfer extends Transfer<GetFrame, GetResult> {
    /** Frames asked for ahead, so that the daemon need not wait for each. */
    private static final int FRAMES_AHEAD = 8;

    private final ClientCall<GetRequest, GetFrame> call;
    private final long[] received;

    private GetTransfer(ClientCall<GetRequest, GetFrame> call, Failures failures, List<Chunk> chunks) {
        super(call, failures, chunks);
        this.call = call;
        this.received = new long[chunks.size()];
    }

    static CompletableFuture<List<GetResult>> start(
            Channel channel, CallOptions options, Failures failures, List<Chunk> chunks) {
        // the frames of a call are read for its transfer, which needs the call
        AtomicReference<@Nullable GetTransfer> reader = new AtomicReference<>();
        ClientCall<GetRequest, GetFrame> call = channel.newCall(
                GetFrame.method(frame -> Objects.requireNonNull(reader.get()).read(frame)), options);
        GetTransfer transfer = new GetTransfer(call, failures, chunks);
        reader.set(transfer);
        GetRequest.Builder request = GetRequest.newBuilder();
        for (Chunk chunk : chunks) {
            request.addKeys(WireKeys.bytes(chunk.key()));
            request.addExpectedLengths(chunk.memory().byteSize());
        }
        call.start(transfer, new Metadata());
        call.request(FRAMES_AHEAD);
        call.sendMessage(request.build());
        call.halfClose();
        return transfer.future();
    }

    @Override
    public void onMessage(GetFrame frame) {
        if (!hasFailed()) {
            call.request(1);
        }
    }

    private void read(GetFrame frame) {
        if (hasFailed()) {
            return;
        }
        try {
            take(frame);
        } catch (IOException e) {
            fail("a GetResponse that cannot be read (%s)".formatted(e.getMessage()), e);
        }
    }

    private void take(GetFrame frame) throws IOException {
        frame.readHead();
        int index = frame.index();
        if (!isExpected(index)) {
            return;
        }
        Chunk chunk = chunks.get(index);
        long size = chunk.memory().byteSize();
        boolean otherLength = frame.length() != 0 && frame.length() != size;
        if (otherLength || frame.payloadBytes() > size - received[index]) {
            fail("another length than the %d bytes asked for, for %s".formatted(size, chunk.key()), null);
            return;
        }
        frame.readPayload(chunk.memory().asSlice(received[index], frame.payloadBytes()));
        received[index] += frame.payloadBytes();
        frame.readTail();
        end(index, size, frame);
    }

    private void end(int index, long size, GetFrame frame) {
        switch (GetStatus.forNumber(frame.status())) {
            case GET_STATUS_UNSPECIFIED -> {
                // more of this key follows
            }
            case GET_STATUS_HIT -> {
                if (received[index] == size) {
                    setResult(index, new GetResult.Hit(size));
                } else {
                    fail("a HIT after %d of %d bytes".formatted(received[index], size), null);
                }
            }
            case GET_STATUS_MISS -> setResult(index, new GetResult.Miss(reason(MissReason.forNumber(frame.reason()))));
            case null, default -> fail("status " + frame.status() + " for chunk " + index, null);
        }
    }

    private static MissReason reason(@Nullable MissReason known) {
        return known == null ? MissReason.UNRECOGNIZED : known;
    }
}
