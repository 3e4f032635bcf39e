package kvstore.client.cli;

/** Time that passes, and waiting for it. */
interface Timer {
    /** The machine's own. */
    Timer SYSTEM = new Timer() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public void sleep(long nanos) throws InterruptedException {
            Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
        }
    };

    /** As {@link System#nanoTime}. */
    long nanoTime();

    /** Waits so many nanoseconds. */
    void sleep(long nanos) throws InterruptedException;
}
