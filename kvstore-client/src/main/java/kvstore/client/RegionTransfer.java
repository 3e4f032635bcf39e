package kvstore.client;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import kvstore.v1.GetStatus;
import kvstore.v1.LoadIntoRequest;
import kvstore.v1.LoadResult;
import kvstore.v1.StoreFromRequest;
import kvstore.v1.StoreResult;

/**
 * A StoreFrom or LoadInto call: one request, one answer for each chunk, no payload.
 *
 * @param <M> the answer
 * @param <R> what it means
 */
final class RegionTransfer<M, R> extends Transfer<M, R> {
    private final ToIntFunction<M> index;
    private final Function<M, R> result;

    private RegionTransfer(
            ClientCall<?, M> call,
            Failures failures,
            List<Chunk> chunks,
            ToIntFunction<M> index,
            Function<M, R> result) {
        super(call, failures, chunks);
        this.index = index;
        this.result = result;
    }

    static CompletableFuture<List<PutResult>> store(
            ClientCall<StoreFromRequest, StoreResult> call,
            Failures failures,
            List<Chunk> chunks,
            StoreFromRequest request) {
        return new RegionTransfer<>(
                        call,
                        failures,
                        chunks,
                        StoreResult::getIndex,
                        answer -> new PutResult(answer.getStatus(), answer.getReason(), answer.getMessage()))
                .start(call, request);
    }

    static CompletableFuture<List<GetResult>> load(
            ClientCall<LoadIntoRequest, LoadResult> call,
            Failures failures,
            List<Chunk> chunks,
            LoadIntoRequest request) {
        return new RegionTransfer<LoadResult, GetResult>(
                        call,
                        failures,
                        chunks,
                        LoadResult::getIndex,
                        answer -> answer.getStatus() == GetStatus.GET_STATUS_HIT
                                ? new GetResult.Hit(
                                        chunks.get(answer.getIndex()).memory().byteSize())
                                : new GetResult.Miss(answer.getReason()))
                .start(call, request);
    }

    private <Q> CompletableFuture<List<R>> start(ClientCall<Q, M> call, Q request) {
        call.start(this, new Metadata());
        // one more than there can be, so that an answer too many is seen
        call.request(chunks.size() + 1);
        call.sendMessage(request);
        call.halfClose();
        return future();
    }

    @Override
    public void onMessage(M answer) {
        int chunk = index.applyAsInt(answer);
        if (!hasFailed() && isExpected(chunk)) {
            setResult(chunk, result.apply(answer));
        }
    }
}
