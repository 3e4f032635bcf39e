package kvstore.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Lets the threads of a simulated process run one at a time, in an order that follows from a seed. A thread gives the turn
 * away where it would wait: for the disk, for another thread, for a time. So it never holds a lock then.
 *
 * <p>Whoever made it is the driver: it starts tasks, gives them turns, and may {@link #kill} them all. Time passes only here.
 */
final class SimScheduler {
    /** A thread of the process. */
    final class Task {
        private final String name;
        private final boolean background;
        private final Runnable body;
        private final Thread thread;
        private boolean started;
        private boolean ended;
        private boolean waiting;
        private long wakeNanos;

        /** Faults that the disk has injected into it. */
        int faults;

        private Task(String name, boolean background, Runnable body) {
            this.name = name;
            this.background = background;
            this.body = body;
            this.thread = Thread.ofVirtual().name(name).unstarted(this::run);
        }

        private void run() {
            try {
                body.run();
            } catch (Throwable e) {
                if (!dead) { // else whatever comes of it, this thread is no more
                    failure = failure == null ? e : failure;
                }
            }
            ended = true;
            handBack();
        }

        boolean ended() {
            return ended;
        }

        @Override
        public String toString() {
            return name;
        }

        private boolean ready() {
            return !waiting || wakeNanos <= nanos;
        }
    }

    /** Longer than any step takes: whoever does not come back waits for something that is not simulated. */
    private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** How long an operation of the disk takes at most: a fast one, a slow one, one that is nearly stuck. */
    private static final int[] PAUSE_NANOS_MAX = {50_000, 5_000_000, 500_000_000};

    private final Random random;
    private final int pauseNanosMax;
    private final Thread driver = Thread.currentThread();
    private final List<Task> tasks = new ArrayList<>();
    private volatile @Nullable Task running;
    private volatile boolean dead;
    private @Nullable Throwable failure;
    private long nanos = 1;
    private int undisturbed;
    private int backgroundStarts;

    SimScheduler(Random random) {
        this.random = random;
        this.pauseNanosMax = PAUSE_NANOS_MAX[random.nextInt(PAUSE_NANOS_MAX.length)];
    }

    long nanos() {
        return nanos;
    }

    void advance(long byNanos) {
        nanos += byNanos;
    }

    Task spawn(String name, boolean background, Runnable body) {
        Task task = new Task(name, background, body);
        backgroundStarts += background ? 1 : 0;
        tasks.add(task);
        return task;
    }

    /** The task whose turn it is; null for the driver. */
    @Nullable
    Task current() {
        return running;
    }

    boolean idle() {
        return tasks.isEmpty();
    }

    /** Tasks that are not in the background. */
    int clients() {
        return (int) tasks.stream().filter(t -> !t.background).count();
    }

    /** Background tasks that ever were. */
    int backgroundStarts() {
        return backgroundStarts;
    }

    boolean backgroundActive() {
        return tasks.stream().anyMatch(t -> t.background);
    }

    /** Gives one task a turn; false if there is none. Where all wait for a time, that time comes. */
    boolean turn() {
        if (tasks.isEmpty()) {
            return false;
        }
        List<Task> ready = tasks.stream().filter(Task::ready).toList();
        if (ready.isEmpty()) {
            long next = tasks.stream().mapToLong(t -> t.wakeNanos).min().orElseThrow();
            if (next == Long.MAX_VALUE) {
                throw new AssertionError("every thread waits for another one: "
                        + tasks.stream().map(t -> t.name).toList());
            }
            nanos = next;
            return turn();
        }
        resume(ready.get(random.nextInt(ready.size())));
        return true;
    }

    /** Runs a task to its end, and whatever else has a turn meanwhile. */
    void finish(Task task) {
        while (!task.ended) {
            turn();
        }
    }

    /** A place where another thread may have its turn, or the process its end. */
    void pause() {
        Task task = running;
        if (task == null) {
            return;
        }
        requireAlive();
        nanos += random.nextInt(pauseNanosMax);
        if (undisturbed > 0 || random.nextInt(3) == 0) {
            return;
        }
        handBack();
        awaitTurn(task);
    }

    /** Waits until {@link #wake}, or for a time. Like {@link #pause}, but for sure. */
    void await(long untilNanos) {
        Task task = running;
        if (task == null) {
            throw new AssertionError("the driver must not wait");
        }
        requireAlive();
        task.waiting = true;
        task.wakeNanos = untilNanos;
        handBack();
        awaitTurn(task);
        task.waiting = false;
    }

    /** Ends the waiting of a task. */
    void wake(Task task) {
        task.wakeNanos = nanos;
    }

    /** No turn is given away meanwhile. */
    void undisturbed(Runnable body) {
        undisturbed++;
        try {
            body.run();
        } finally {
            undisturbed--;
        }
    }

    /** Ends every thread where it is. */
    void kill() {
        dead = true;
        while (!tasks.isEmpty()) {
            Task task = tasks.getFirst();
            if (task.started) {
                resume(task);
            } else {
                tasks.remove(task);
            }
        }
        dead = false;
    }

    /** Ends what is left after a run that failed; what that brings to light is of no interest any more. */
    void abandon() {
        for (int i = tasks.size(); i > 0; i--) {
            try {
                kill();
            } catch (AssertionError _) {
                // one thread that has ended all the same
            }
        }
    }

    /** For everything that a killed process cannot do any more. */
    void requireAlive() {
        if (dead && running != null) {
            throw new SimKilled();
        }
    }

    private void resume(Task task) {
        running = task;
        if (task.started) {
            LockSupport.unpark(task.thread);
        } else {
            task.started = true;
            task.thread.start();
        }
        long end = 0;
        while (running != null) {
            LockSupport.parkNanos(this, STUCK_NANOS);
            end = end == 0 ? System.nanoTime() + STUCK_NANOS : end;
            if (running != null && System.nanoTime() > end) {
                throw stuck(task);
            }
        }
        if (task.ended) {
            tasks.remove(task);
        }
        Throwable failed = failure;
        if (failed != null) {
            failure = null;
            throw new AssertionError(task.name + ": " + failed, failed);
        }
    }

    private static AssertionError stuck(Task task) {
        AssertionError error = new AssertionError(task.name + " waits for something that is not simulated");
        error.setStackTrace(task.thread.getStackTrace());
        return error;
    }

    private void handBack() {
        running = null;
        LockSupport.unpark(driver);
    }

    private void awaitTurn(Task task) {
        while (running != task) {
            LockSupport.park(this);
        }
        requireAlive();
    }
}
