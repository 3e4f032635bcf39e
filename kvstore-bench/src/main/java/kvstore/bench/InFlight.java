package kvstore.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import kvstore.api.IoFailure;
import kvstore.client.KvStoreException;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/** Runs asynchronous operations, so many at a time. */
public final class InFlight {
    private InFlight() {}

    /**
     * Starts an operation for every item, in order, and waits for all.
     *
     * @param limit most that are under way at a time
     * @param operation starts one
     * @param ended told of every item whose operation ended, on any thread
     * @return their results, in the order of the items
     * @throws KvStoreException of the first that failed so, when all have ended
     * @throws CommandFailure for a file that could not be read or written
     */
    public static <T, R> List<R> run(
            List<T> items, int limit, Function<T, CompletableFuture<R>> operation, Consumer<T> ended) {
        Semaphore places = new Semaphore(limit);
        List<CompletableFuture<R>> all = new ArrayList<>(items.size());
        for (T item : items) {
            places.acquireUninterruptibly();
            all.add(operation.apply(item).whenComplete((_, _) -> {
                places.release();
                ended.accept(item);
            }));
        }
        // every one, also after a failure: the memory of those under way is still in use
        var _ = CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .handle((_, _) -> true)
                .join();
        return all.stream().map(InFlight::result).toList();
    }

    private static <R> R result(CompletableFuture<R> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case KvStoreException failure -> throw failure;
                case IoFailure failure ->
                    throw new CommandFailure(ExitCode.FAILED, String.valueOf(failure.getMessage()), failure);
                case null, default -> throw e;
            }
        }
    }
}
