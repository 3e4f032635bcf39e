package kvstore.client.cli;

import java.io.PrintWriter;
import java.util.concurrent.atomic.AtomicLong;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Says on stderr what is going on: bars where a person looks on, else one line a step. */
public interface Progress {
    /** A step with a known amount of work. Thread-safe. */
    interface Step extends AutoCloseable {
        /** So much more is done. */
        void advance(long amount);

        @Override
        void close();
    }

    /**
     * Begins a step.
     *
     * @param what a few words
     * @param bytes that will move
     */
    Step moving(String what, long bytes);

    /** Says something that is not measured. */
    void say(String what);

    /** The kind that fits: bars if standard input and output are a terminal. */
    static Progress on(PrintWriter err) {
        return Console.onTerminal() ? new Bars(err) : new Lines(err);
    }

    /** As {@link #on}, for steps of minutes: without a terminal one line for every tenth as well. */
    static Progress onMinutes(PrintWriter err) {
        Progress progress = on(err);
        return progress instanceof Lines ? new Tenths(err) : progress;
    }

    /** One line a step. */
    record Lines(PrintWriter err) implements Progress {
        @Override
        public Step moving(String what, long bytes) {
            say(what);
            return new Step() {
                @Override
                public void advance(long amount) {}

                @Override
                public void close() {}
            };
        }

        @Override
        public void say(String what) {
            err.println(what + " ...");
        }
    }

    /** One line a step, and one for every tenth of it. */
    record Tenths(PrintWriter err) implements Progress {
        @Override
        public Step moving(String what, long bytes) {
            say(what);
            AtomicLong done = new AtomicLong();
            return new Step() {
                @Override
                public void advance(long amount) {
                    long now = done.addAndGet(amount);
                    long tenths = tenths(now);
                    if (tenths > tenths(now - amount)) {
                        err.println("%s: %d %% (%s of %s)"
                                .formatted(what, 10 * tenths, Words.size(now), Words.size(bytes)));
                    }
                }

                private long tenths(long part) {
                    return bytes == 0 ? 10 : Math.min(10, (long) (10.0 * part / bytes));
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void say(String what) {
            err.println(what + " ...");
        }
    }

    /** A bar that is gone when its step is done. */
    record Bars(PrintWriter err) implements Progress {
        private static final int COLUMNS = 79;
        private static final int UPDATE_MILLIS = 100;
        private static final long MEBIBYTE = 1L << 20;

        @Override
        public Step moving(String what, long bytes) {
            ProgressBar bar = new ProgressBarBuilder()
                    .setTaskName(what)
                    .setInitialMax(bytes)
                    .setUnit(" MiB", MEBIBYTE)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(UPDATE_MILLIS)
                    // a consumer of our own: the library's would load native code to ask for the terminal's width
                    .setConsumer(new DelegatingProgressBarConsumer(this::overwrite, COLUMNS))
                    .build();
            return new Step() {
                @Override
                public void advance(long amount) {
                    bar.stepBy(amount);
                }

                @Override
                public void close() {
                    bar.close();
                    overwrite("");
                }
            };
        }

        @Override
        public void say(String what) {
            overwrite(what + " ...");
        }

        private void overwrite(String line) {
            err.print("\r" + line + " ".repeat(Math.max(0, COLUMNS - line.length())) + "\r");
            err.flush();
        }
    }
}
