package kvstore.store;

import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Everything that makes two runs differ, in one place, so that tests and simulations can fix it.
 *
 * @param clock time of day, for what is written to disk
 * @param nanos a monotonic clock, for leases and waiting
 * @param uuids random identities
 * @param background runs what nobody waits for: preparing and sealing segments
 * @param locks for what a thread may have to wait for long: until another one has done its I/O
 */
public record Environment(
        InstantSource clock,
        LongSupplier nanos,
        Supplier<UUID> uuids,
        ExecutorService background,
        Supplier<ReentrantLock> locks) {
    /** Threads wait as they do in Java. */
    public Environment(InstantSource clock, LongSupplier nanos, Supplier<UUID> uuids, ExecutorService background) {
        this(clock, nanos, uuids, background, ReentrantLock::new);
    }

    /** The clocks of this machine, random identities, and a virtual thread for each task. */
    public static Environment system() {
        return new Environment(
                InstantSource.system(),
                System::nanoTime,
                UUID::randomUUID,
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("kvstore-store-", 0).factory()));
    }

    long millis() {
        return clock.millis();
    }

    /** Time of day in seconds, as the index keeps it. */
    int seconds() {
        return (int) (clock.millis() / 1000);
    }
}
