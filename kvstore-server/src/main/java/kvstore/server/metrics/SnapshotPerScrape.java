package kvstore.server.metrics;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Lets many gauges read one snapshot, so that their figures fit each other and the source is asked once. */
final class SnapshotPerScrape<T> implements Supplier<T> {
    private @Nullable Supplier<T> source;
    private @Nullable T snapshot;

    synchronized void bind(Supplier<T> newSource) {
        source = newSource;
        snapshot = null;
    }

    /** Takes a new snapshot for the scrape that follows. */
    synchronized void refresh() {
        snapshot = source == null ? null : source.get();
    }

    @Override
    public synchronized T get() {
        if (snapshot == null) {
            if (source == null) {
                throw new IllegalStateException("read before it was bound");
            }
            snapshot = source.get();
        }
        return snapshot;
    }
}
