package kvstore.client.cli;

import org.jspecify.annotations.NullMarked;

/** Time that passes only where somebody waits. */
@NullMarked
final class FakeTimer implements Timer {
    private long now;
    private int sleeps;

    @Override
    public synchronized long nanoTime() {
        return now;
    }

    @Override
    public synchronized void sleep(long nanos) {
        now += nanos;
        sleeps++;
    }

    synchronized void pass(long nanos) {
        now += nanos;
    }

    synchronized int sleeps() {
        return sleeps;
    }
}
