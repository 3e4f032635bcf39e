package kvstore.client;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a put and a get have in common: one call, one result for each chunk.
 *
 * <p>gRPC unmarshals messages and runs the listener's methods one after the other, and everything that touches the chunks'
 * memory happens there. The future completes in the last of them, {@code onClose}, so that the memory is the caller's again
 * by then.
 *
 * @param <M> the message that arrives
 * @param <R> the result for one chunk
 */
abstract class Transfer<M, R> extends ClientCall.Listener<M> {
    final List<Chunk> chunks;
    private final ClientCall<?, M> call;
    private final Failures failures;
    private final List<@Nullable R> results;
    private final CompletableFuture<List<R>> future = new CompletableFuture<>();
    private int resultCount;
    private @Nullable KvStoreException failure;

    Transfer(ClientCall<?, M> call, Failures failures, List<Chunk> chunks) {
        this.call = call;
        this.failures = failures;
        this.chunks = List.copyOf(chunks);
        this.results = new ArrayList<>(Collections.nCopies(this.chunks.size(), null));
    }

    /** Completes when no thread touches the chunks' memory any more, unless it is cancelled by the caller. */
    final CompletableFuture<List<R>> future() {
        var _ = future.whenComplete((_, thrown) -> {
            if (future.isCancelled()) {
                call.cancel("cancelled by the caller", thrown);
            }
        });
        return future;
    }

    final boolean hasFailed() {
        return failure != null;
    }

    final boolean hasResult(int index) {
        return results.get(index) != null;
    }

    /** The chunk that a message is about, or a failure if there is none that waits for an answer. */
    final boolean isExpected(int index) {
        if (index < 0 || index >= chunks.size()) {
            fail("an answer for chunk %s of %d".formatted(Integer.toUnsignedString(index), chunks.size()), null);
            return false;
        }
        if (hasResult(index)) {
            fail(
                    "a second answer for chunk %d, %s"
                            .formatted(index, chunks.get(index).key()),
                    null);
            return false;
        }
        return true;
    }

    final void setResult(int index, R result) {
        results.set(index, result);
        resultCount++;
    }

    /** Ends the call because the daemon broke the contract. */
    final void fail(String what, @Nullable Throwable cause) {
        failure = failures.brokenContract(what, cause);
        call.cancel(what, cause);
    }

    @Override
    public final void onClose(Status status, Metadata trailers) {
        if (failure == null && status.isOk() && resultCount < chunks.size()) {
            failure = failures.brokenContract(
                    "it ended the call after %d of %d answers".formatted(resultCount, chunks.size()), null);
        }
        if (failure != null) {
            future.completeExceptionally(failure);
        } else if (!status.isOk()) {
            future.completeExceptionally(failures.of(status));
        } else {
            future.complete(results.stream().<R>map(Objects::requireNonNull).toList());
        }
    }
}
