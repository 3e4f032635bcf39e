package kvstore.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The directories that did not answer at the start, and are asked again from time to time. */
final class Absences {
    private static final Logger LOG = LoggerFactory.getLogger(Absences.class);

    /** Opens a directory that answers again, and brings its chunks back. */
    interface Joiner {
        void join(Path path) throws IOException;
    }

    private static final class Absence {
        private final Path path;
        private final Backoff backoff = new Backoff();
        private final AtomicBoolean asking = new AtomicBoolean();
        private volatile String reason;

        Absence(Path path, String reason) {
            this.path = path;
            this.reason = reason;
        }
    }

    private final List<Absence> absent = new CopyOnWriteArrayList<>();
    private final Joiner joiner;
    private final Environment environment;

    Absences(List<NodeDirectories.Absent> atStart, Joiner joiner, Environment environment) {
        this.joiner = joiner;
        this.environment = environment;
        for (NodeDirectories.Absent each : atStart) {
            absent.add(new Absence(each.path(), each.reason()));
        }
    }

    boolean any() {
        return !absent.isEmpty();
    }

    List<DirectoryStats> stats() {
        CapacityStats nothing = new CapacityStats(0, 0, 0, 0, CapacityState.OK);
        return absent.stream()
                .map(each -> new DirectoryStats(each.path, each.reason, nothing, 0))
                .toList();
    }

    /** Asks those again whose pause is over, in the background: they may hang. */
    void tick() {
        for (Absence each : absent) {
            // Only one that is not being asked is looked at, so the backoff has one user at a time.
            if (each.asking.compareAndSet(false, true)) {
                if (each.backoff.pausing(environment.nanos().getAsLong())) {
                    each.asking.set(false);
                } else {
                    ask(each);
                }
            }
        }
    }

    private void ask(Absence each) {
        try {
            environment.background().execute(() -> {
                try {
                    join(each);
                } finally {
                    each.asking.set(false);
                }
            });
        } catch (RejectedExecutionException _) {
            each.asking.set(false); // closing
        }
    }

    private void join(Absence each) {
        try {
            joiner.join(each.path);
            absent.remove(each);
            LOG.info("{} answers again, its chunks are back", each.path);
        } catch (IOException e) {
            each.reason = String.valueOf(e.getMessage());
            each.backoff.failed(environment.nanos().getAsLong());
        }
    }
}
