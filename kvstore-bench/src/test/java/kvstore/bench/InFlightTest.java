package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import kvstore.api.IoFailure;
import kvstore.client.cli.CommandFailure;
import org.junit.jupiter.api.Test;

final class InFlightTest {
    private static final int LIMIT = 3;
    private static final List<Integer> ITEMS = IntStream.range(0, 50).boxed().toList();

    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final Set<Integer> ended = ConcurrentHashMap.newKeySet();

    @Test
    void keepsOrderAndLimit() {
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Integer> results = InFlight.run(
                    ITEMS,
                    LIMIT,
                    item -> {
                        most.accumulateAndGet(running.incrementAndGet(), Math::max);
                        return CompletableFuture.supplyAsync(
                                () -> {
                                    Thread.onSpinWait();
                                    running.decrementAndGet();
                                    return item * item;
                                },
                                threads);
                    },
                    ended::add);

            assertThat(results)
                    .isEqualTo(ITEMS.stream().map(item -> item * item).toList());
            assertThat(ended).containsExactlyInAnyOrderElementsOf(ITEMS);
            assertThat(most.get()).isBetween(1, LIMIT);
        }
    }

    @Test
    void failsWhenAllHaveEnded() {
        assertThatThrownBy(() -> InFlight.run(
                        ITEMS,
                        LIMIT,
                        item -> item == 1
                                ? CompletableFuture.failedFuture(new IoFailure(IoFailure.Kind.IO, 5, "read: EIO"))
                                : CompletableFuture.completedFuture(item),
                        ended::add))
                .isInstanceOf(CommandFailure.class)
                .hasMessage("read: EIO");
        assertThat(ended).hasSameSizeAs(ITEMS);
    }
}
