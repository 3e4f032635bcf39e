package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NullMarked
@Timeout(60)
final class WorkersTest {
    @Test
    void asManyAtOnceAsThereAreThreads() throws IOException {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch three = new CountDownLatch(3);
        try (Workers workers = new Workers(3)) {
            for (int i = 0; i < 50; i++) {
                workers.submit(_ -> {
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    three.countDown();
                    await(three);
                    running.decrementAndGet();
                });
            }
            workers.finish();
            assertThat(running).hasValue(0);
        }
        assertThat(most).hasValue(3);
    }

    @Test
    void memoryIsUsedAgainAndGrows() throws IOException {
        try (Workers workers = new Workers(1)) {
            long[] addresses = new long[3];
            long[] bytes = {1000, 500, 2_000_000};
            for (int i = 0; i < 3; i++) {
                int at = i;
                workers.submit(memory -> {
                    Workers.Room room = memory.room(bytes[at], 2);
                    addresses[at] = room.value().address();
                    assertThat(room.value().byteSize()).isEqualTo(bytes[at]);
                    assertThat(room.second().address()).isEqualTo(addresses[at] + bytes[at]);
                });
            }
            workers.finish();
            assertThat(addresses[1]).isEqualTo(addresses[0]);
        }
    }

    @Test
    void theFirstFailureEndsItAll() {
        IOException failure = new IOException("disk");
        AtomicInteger begun = new AtomicInteger();
        assertThatThrownBy(() -> {
                    try (Workers workers = new Workers(1)) {
                        for (int i = 0; i < 10; i++) {
                            workers.submit(_ -> {
                                begun.incrementAndGet();
                                throw failure;
                            });
                        }
                    }
                })
                .isSameAs(failure);
        assertThat(begun).hasValue(1);
    }

    @Test
    void tooLittleMemoryIsASentence() {
        assertThatThrownBy(() -> {
                    try (Workers workers = new Workers(2)) {
                        workers.submit(memory -> memory.room(Long.MAX_VALUE / 4, 2));
                        workers.finish();
                    }
                })
                .isInstanceOf(CommandFailure.class)
                .hasMessageStartingWith("not enough memory for 2 values at once (")
                .hasMessageEndingWith("): a smaller --parallel helps");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
