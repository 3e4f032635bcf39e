package kvstore.client.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads, each with memory of its own that is used again for every task. Work is taken only when a
 * thread is free, so memory is bounded by their number and the largest value.
 *
 * <p>The first task that fails ends it all: what comes after is not begun. Used by one thread.
 */
final class Workers implements AutoCloseable {
    private final int count;
    private final BlockingQueue<Memory> free;
    private final ExecutorService threads;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** What a thread does. */
    interface Task {
        void run(Memory memory) throws IOException;
    }

    /**
     * Memory for values of one length; what is in it is undefined.
     *
     * @param all one value after the other
     * @param bytes length of each
     */
    record Room(MemorySegment all, long bytes) {
        MemorySegment value() {
            return all.asSlice(0, bytes);
        }

        MemorySegment second() {
            return all.asSlice(bytes, bytes);
        }
    }

    /** Memory of one thread. */
    static final class Memory implements AutoCloseable {
        private @Nullable Arena arena;
        private MemorySegment all = MemorySegment.NULL;

        /** Room for so many values. Takes back what it gave before. */
        @SuppressWarnings("MustBeClosedChecker") // by close
        Room room(long bytes, int values) {
            long needed = Math.multiplyExact(bytes, values);
            if (all.byteSize() < needed) {
                close();
                arena = Arena.ofShared();
                all = arena.allocate(needed);
            }
            return new Room(all, bytes);
        }

        @Override
        public void close() {
            if (arena != null) {
                arena.close();
            }
        }
    }

    Workers(int count) {
        this.count = count;
        this.free = new ArrayBlockingQueue<>(count);
        for (int i = 0; i < count; i++) {
            free.add(new Memory());
        }
        // platform threads: reading files blocks, and would hold a virtual thread's carrier
        this.threads = Executors.newFixedThreadPool(
                count, Thread.ofPlatform().name("kvstore-files-", 0).daemon().factory());
    }

    /** Begins a task once a thread is free. Throws what an earlier task threw. */
    void submit(Task task) throws IOException {
        Memory memory = take();
        if (failure.get() != null) {
            free.add(memory);
            rethrow();
        }
        threads.execute(() -> {
            try {
                task.run(memory);
            } catch (IOException | RuntimeException | Error e) {
                // an Error too: a chunk that was too large for the memory must not be lost without a word
                failure.compareAndSet(null, e);
            } finally {
                free.add(memory);
            }
        });
    }

    /** Waits for all tasks. Throws what the first that failed threw. */
    void finish() throws IOException {
        drain();
        rethrow();
    }

    private void drain() {
        for (int i = 0; i < count; i++) {
            take().close();
        }
        for (int i = 0; i < count; i++) {
            free.add(new Memory());
        }
    }

    private Memory take() {
        try {
            return free.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted", e);
        }
    }

    private void rethrow() throws IOException {
        switch (failure.get()) {
            case null -> {
                // all is well
            }
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case OutOfMemoryError e ->
                throw new CommandFailure(
                        ExitCode.FAILED,
                        "not enough memory for %d values at once (%s): a smaller --parallel helps"
                                .formatted(count, e.getMessage()),
                        e);
            case Error e -> throw e;
            case Throwable e -> throw new AssertionError(e);
        }
    }

    /** Waits for the tasks that were begun, and ends the threads. */
    @Override
    public void close() {
        drain();
        threads.shutdown();
    }
}
