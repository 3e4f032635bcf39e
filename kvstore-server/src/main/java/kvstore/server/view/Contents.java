package kvstore.server.view;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import kvstore.api.ChunkKey;
import kvstore.client.lmcache.KeyParts;
import kvstore.store.ChunkStore;
import kvstore.store.ListPage;
import kvstore.v1.ContentsGroup;
import kvstore.v1.ContentsResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts what the keys say. All of them have to be read from disk for it, so it happens only when it is asked for, on one
 * thread, and takes at most a twentieth of the time. Thread-safe.
 */
public final class Contents implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Contents.class);

    private static final int PAGE = 1000;

    /** Keys may be anything, so what comes late is counted together. */
    private static final int NAMES_MAX = 1000;

    private static final int NAMES_TOLD_MAX = 50;
    private static final String OTHERS = "(others)";
    private static final String NONE = "-";
    private static final long PAUSE_MILLIS_MIN = Duration.ofSeconds(30).toMillis();
    private static final int PAUSE_FACTOR = 20;

    private final ChunkStore store;
    private ContentsResponse last = ContentsResponse.getDefaultInstance();
    private Thread counter = Thread.ofVirtual().unstarted(() -> {});
    private volatile boolean closed;

    private record Sum(long chunks, long bytes) {
        Sum plus(Sum more) {
            return new Sum(chunks + more.chunks, bytes + more.bytes);
        }
    }

    Contents(ChunkStore store) {
        this.store = store;
    }

    /** What was counted last; begins to count again if that is a while ago. Does not wait for it. */
    public synchronized ContentsResponse look() {
        long pause = Math.max(PAUSE_MILLIS_MIN, PAUSE_FACTOR * last.getTookMillis());
        if (!closed && !counter.isAlive() && System.currentTimeMillis() - last.getCountedMillis() > pause) {
            counter = Thread.ofVirtual().name("kvstore-contents").start(this::countUnlessItFails);
        }
        return last.toBuilder().setCounting(counter.isAlive()).build();
    }

    private void countUnlessItFails() {
        try {
            count();
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("counting the keys failed by a mistake in this program");
        }
    }

    /** Now, on this thread. */
    void count() {
        long begin = System.nanoTime();
        Map<String, Sum> models = new HashMap<>();
        Map<String, Sum> namespaces = new HashMap<>();
        int unreadable = 0;
        String token = "";
        do {
            ListPage page = store.list(PAGE, token, new byte[0]);
            for (ListPage.ListedChunk chunk : page.chunks()) {
                ChunkKey key = chunk.key();
                add(models, KeyParts.of(key).model(), chunk.length());
                add(namespaces, key.namespace().isEmpty() ? NONE : key.namespace(), chunk.length());
            }
            unreadable += page.unreadableSegments();
            token = page.nextPageToken();
        } while (!token.isEmpty() && !closed);
        synchronized (this) {
            last = ContentsResponse.newBuilder()
                    .setCountedMillis(System.currentTimeMillis())
                    .setTookMillis((System.nanoTime() - begin) / 1_000_000)
                    .addAllModels(largest(models))
                    .addAllNamespaces(largest(namespaces))
                    .setUnreadableSegments(unreadable)
                    .build();
        }
    }

    private static void add(Map<String, Sum> sums, String name, long bytes) {
        String entry = sums.containsKey(name) || sums.size() < NAMES_MAX ? name : OTHERS;
        sums.merge(entry, new Sum(1, bytes), Sum::plus);
    }

    private static List<ContentsGroup> largest(Map<String, Sum> sums) {
        List<ContentsGroup> groups = new ArrayList<>();
        Sum others = new Sum(0, 0);
        List<Map.Entry<String, Sum>> sorted = sums.entrySet().stream()
                .sorted(Comparator.comparingLong(entry -> -entry.getValue().bytes()))
                .toList();
        for (Map.Entry<String, Sum> entry : sorted) {
            if (groups.size() < NAMES_TOLD_MAX && !entry.getKey().equals(OTHERS)) {
                groups.add(group(entry.getKey(), entry.getValue()));
            } else {
                others = others.plus(entry.getValue());
            }
        }
        if (others.chunks() > 0) {
            groups.add(group(OTHERS, others));
        }
        return groups;
    }

    private static ContentsGroup group(String name, Sum sum) {
        return ContentsGroup.newBuilder()
                .setName(name)
                .setChunks(sum.chunks())
                .setBytes(sum.bytes())
                .build();
    }

    /** Ends a count under way and waits for that. The store may be closed afterwards. */
    @Override
    public void close() {
        closed = true;
        Thread counting;
        synchronized (this) {
            counting = counter;
        }
        boolean interrupted = false;
        while (counting.isAlive()) {
            try {
                counting.join();
            } catch (InterruptedException _) {
                interrupted = true; // the store must not be closed under it
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
