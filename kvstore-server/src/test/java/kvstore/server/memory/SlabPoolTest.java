package kvstore.server.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import kvstore.api.Blocks;
import kvstore.server.memory.SlabPool.Use;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SlabPoolTest {
    private static final long SEED = 7;
    private static final long MAX = SlabPool.MAX_SLAB_BYTES;
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Arena arena = Arena.ofShared();

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    @Test
    void slabsNeverOverlapAndAllComeBack() {
        SlabPool pool = pool(4, 4);
        RandomGenerator random = new Random(SEED);
        List<Slab> held = new ArrayList<>();
        for (int step = 0; step < 5_000; step++) {
            if (!held.isEmpty() && random.nextInt(3) == 0) {
                held.remove(random.nextInt(held.size())).close();
            } else {
                Slab slab = pool.tryAcquire(Use.READ, 1 + random.nextLong(MAX >> random.nextInt(9)));
                if (slab != null) {
                    assertThat(held).as("seed %d, step %d", SEED, step).noneMatch(other -> overlap(slab, other));
                    held.add(slab);
                }
            }
        }
        assertThat(held).isNotEmpty();
        held.forEach(Slab::close);
        assertThat(pool.usedBytes()).isZero();
        assertThat(pool.tryAcquire(Use.READ, MAX)).isNotNull();
        for (int i = 0; i < 3; i++) {
            assertThat(pool.tryAcquire(Use.READ, MAX)).isNotNull();
        }
        assertThat(pool.tryAcquire(Use.READ, 1)).isNull();
    }

    @Test
    void aSlabHasTheBytesAskedForInWholeBlocks() {
        Slab slab = held(pool(1, 1).tryAcquire(Use.READ, 3L * Blocks.BLOCK_BYTES - 1));
        assertThat(slab.buffer().sizeBytes()).isEqualTo(3L * Blocks.BLOCK_BYTES);
        slab.buffer().memory().set(ValueLayout.JAVA_BYTE, 3L * Blocks.BLOCK_BYTES - 1, (byte) 1);
    }

    @Test
    void closingTwiceGivesBackOnce() {
        SlabPool pool = pool(1, 1);
        Slab first = held(pool.tryAcquire(Use.READ, MAX));
        first.close();
        Slab second = held(pool.tryAcquire(Use.READ, MAX));
        first.close();
        assertThat(pool.tryAcquire(Use.READ, 1)).isNull();
        second.close();
        assertThat(pool.usedBytes()).isZero();
    }

    @Test
    void writesHoldNoMoreThanTheirShare() {
        SlabPool pool = pool(4, 1);
        assertThat(pool.tryAcquire(Use.WRITE, MAX)).isNotNull();
        assertThat(pool.tryAcquire(Use.WRITE, 1)).isNull();
        assertThat(pool.tryAcquire(Use.READ, MAX)).isNotNull();
    }

    @Test
    void aWaiterThatGetsNothingInTimeLeavesTheLine() throws InterruptedException {
        SlabPool pool = pool(1, 1);
        Slab all = held(pool.tryAcquire(Use.READ, MAX));
        assertThat(pool.acquire(Use.READ, 1, 1)).isNull();
        assertThat(pool.waiterCount()).isZero();
        all.close();
        assertThat(pool.tryAcquire(Use.WRITE, MAX)).isNotNull();
    }

    @Test
    void readsAreServedBeforeWritesAndInTheirOrder() {
        SlabPool pool = pool(1, 1);
        Slab all = held(pool.tryAcquire(Use.READ, MAX));
        List<String> order = new ArrayList<>();
        CompletableFuture<Void> write = waitThenNote(pool, Use.WRITE, "write", order, 1);
        CompletableFuture<Void> first = waitThenNote(pool, Use.READ, "first read", order, 2);
        CompletableFuture<Void> second = waitThenNote(pool, Use.READ, "second read", order, 3);
        assertThat(pool.tryAcquire(Use.WRITE, 1))
                .as("nobody overtakes the line")
                .isNull();
        all.close();
        CompletableFuture.allOf(write, first, second).join();
        assertThat(order).containsExactly("first read", "second read", "write");
        assertThat(pool.usedBytes()).isZero();
    }

    @Test
    void anInterruptedWaiterLosesNothing() {
        SlabPool pool = pool(1, 1);
        Slab all = held(pool.tryAcquire(Use.READ, MAX));
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread waiter = Thread.ofVirtual().start(() -> {
            try {
                interrupted.complete(pool.acquire(Use.READ, MAX, WAIT_NANOS) == null);
            } catch (InterruptedException _) {
                interrupted.complete(true);
            }
        });
        await().until(() -> pool.waiterCount() == 1);
        waiter.interrupt();
        assertThat(interrupted.join()).isTrue();
        all.close();
        assertThat(pool.usedBytes()).isZero();
        assertThat(pool.tryAcquire(Use.READ, MAX)).isNotNull();
    }

    @Test
    void refusesWhatCanNeverFit() {
        assertThatThrownBy(() -> pool(1, 1).tryAcquire(Use.READ, MAX + 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SlabPool(arena.allocate(MAX, MAX), MAX - 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SlabPool(arena.allocate(MAX / 2, MAX), MAX))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Starts a thread that takes the whole pool, notes that it did, and gives it back; waits until it stands in line. */
    private CompletableFuture<Void> waitThenNote(
            SlabPool pool, Use use, String name, List<String> order, int placeInLine) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try (Slab _ = held(pool.acquire(use, MAX, WAIT_NANOS))) {
                synchronized (order) {
                    order.add(name);
                }
            } catch (InterruptedException | RuntimeException | Error e) {
                done.completeExceptionally(e);
                return;
            }
            done.complete(null);
        });
        await().until(() -> pool.waiterCount() == placeInLine);
        return done;
    }

    private SlabPool pool(int maxSlabs, int writeSlabs) {
        return new SlabPool(arena.allocate(maxSlabs * MAX, Blocks.BLOCK_BYTES), writeSlabs * MAX);
    }

    private static boolean overlap(Slab one, Slab other) {
        MemorySegment a = one.buffer().memory();
        MemorySegment b = other.buffer().memory();
        return a.asOverlappingSlice(b).isPresent();
    }

    private static Slab held(@Nullable Slab slab) {
        return Objects.requireNonNull(slab);
    }
}
