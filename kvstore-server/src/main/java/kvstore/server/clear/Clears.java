package kvstore.server.clear;

import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import kvstore.api.ChunkKey;
import kvstore.store.ChunkStore;
import kvstore.store.ListPage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Walks over all that is stored, oldest segment first, and deletes what is meant, a page at a time: each page is written down
 * as forgotten before the next is read, as any delete is, so a crash in the middle brings nothing back that was counted.
 * Thread-safe.
 */
public final class Clears implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Clears.class);

    /** Small enough that no lookup waits for the locks of one, large enough that a million chunks take a thousand writes. */
    private static final int PAGE = 1000;

    private final ChunkStore store;
    private final Semaphore one = new Semaphore(1);
    private volatile boolean stopping;

    public Clears(ChunkStore store) {
        this.store = store;
    }

    /**
     * Forgets what is meant, or counts it, and blocks until that has ended.
     *
     * @param cancelled is asked after each page
     * @param seen is told after each page
     * @return also of what was done before it was cancelled, then without {@link ClearReport#complete}
     * @throws IllegalStateException if another one is under way
     */
    public ClearReport run(Scope scope, boolean countOnly, BooleanSupplier cancelled, Consumer<ClearReport> seen) {
        if (!one.tryAcquire()) {
            throw new IllegalStateException("a clear is running already; wait for its end");
        }
        try {
            ClearReport report = walk(scope, countOnly, cancelled, seen);
            if (!countOnly) {
                int segments = report.complete() ? store.dropEmpty() : 0;
                log.atInfo()
                        .addKeyValue("what", scope)
                        .addKeyValue("chunks", report.chunks())
                        .addKeyValue("bytes", report.bytes())
                        .addKeyValue("emptied_segments", segments)
                        .addKeyValue("unreadable_segments", report.unreadableSegments())
                        .log(report.complete() ? "cleared" : "a clear was broken off");
            }
            return report;
        } finally {
            one.release();
        }
    }

    private ClearReport walk(Scope scope, boolean countOnly, BooleanSupplier cancelled, Consumer<ClearReport> seen) {
        ClearReport report = ClearReport.NOTHING;
        String token = "";
        do {
            if (stopping || cancelled.getAsBoolean()) {
                return report;
            }
            ListPage page = store.list(PAGE, token, scope.prefix());
            List<ListPage.ListedChunk> meant = page.chunks().stream()
                    .filter(chunk -> scope.has(chunk.key()))
                    .toList();
            report = take(meant, countOnly, report.plus(0, 0, page.unreadableSegments()));
            token = page.nextPageToken();
            seen.accept(report);
        } while (!token.isEmpty());
        return report.ended();
    }

    private ClearReport take(List<ListPage.ListedChunk> chunks, boolean countOnly, ClearReport before) {
        List<ChunkKey> keys = chunks.stream().map(ListPage.ListedChunk::key).toList();
        BitSet taken = new BitSet();
        if (countOnly) {
            taken.set(0, keys.size());
        } else if (!keys.isEmpty()) {
            taken = store.delete(keys);
        }
        long bytes = taken.stream().mapToLong(i -> chunks.get(i).length()).sum();
        return before.plus(taken.cardinality(), bytes, 0);
    }

    /** Ends what is under way and waits for that. The store may be closed afterwards. */
    @Override
    public void close() {
        stopping = true;
        one.acquireUninterruptibly();
    }
}
