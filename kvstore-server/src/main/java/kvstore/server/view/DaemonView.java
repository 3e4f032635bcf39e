package kvstore.server.view;

import com.google.common.base.Suppliers;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import kvstore.api.ChunkKey;
import kvstore.server.config.EffectiveValue;
import kvstore.server.scrub.Scrubs;
import kvstore.server.transfer.Transfers;
import kvstore.store.SegmentStats;
import kvstore.v1.ContentsResponse;
import kvstore.v1.DiagnoseResponse;
import kvstore.v1.ExplainResponse;
import kvstore.v1.HistoryResponse;
import kvstore.v1.SegmentsResponse;
import kvstore.v1.StatResponse;

/** All that can be seen of a daemon that is up. Thread-safe. */
public final class DaemonView implements AutoCloseable {
    /** However many look on, the index is not walked more often for them. */
    private static final Duration SEGMENTS_AGE_MAX = Duration.ofSeconds(5);

    private final Transfers transfers;
    private final NodeIdentity node;
    private final History history;
    private final Contents contents;
    private final List<EffectiveValue> config;
    private final StatView stat;
    private final Supplier<List<SegmentStats>> segments;

    /**
     * Begins to remember what happens.
     *
     * @param config what the daemon was started with; empty where that is not known
     */
    public DaemonView(Transfers transfers, NodeIdentity node, Scrubs scrubs, List<EffectiveValue> config) {
        this.transfers = transfers;
        this.node = node;
        this.config = List.copyOf(config);
        this.contents = new Contents(transfers.store());
        this.history = History.start(new History.Sources(
                transfers.metrics()::totals,
                () -> transfers.store().stats().usedBytes(),
                transfers.slabs()::usedBytes));
        this.stat = new StatView(transfers, node, scrubs, history);
        this.segments = Suppliers.memoizeWithExpiration(transfers.store()::segments, SEGMENTS_AGE_MAX);
    }

    /** One look. Blocks for as long as the file system takes to say how full it is. */
    public StatResponse stat() {
        return stat.look();
    }

    /** Steps that ended later than this, in milliseconds since 1970. */
    public HistoryResponse history(long afterMillis) {
        return history.after(afterMillis);
    }

    /**
     * The segments by age, as they were some seconds ago.
     *
     * @param maxGroups at least 1
     */
    public SegmentsResponse segments(int maxGroups) {
        return SegmentGroups.of(segments.get(), maxGroups);
    }

    /** What the keys say, as they were counted last. */
    public ContentsResponse contents() {
        return contents.look();
    }

    /** Where a key is, or why it is not. Blocks: reads one record's header. */
    public ExplainResponse explain(ChunkKey key) {
        return Explanations.wire(transfers.store().explain(key));
    }

    /** What helps to find out what is wrong. */
    public DiagnoseResponse diagnosis() {
        return Diagnosis.of(node.version(), transfers.metrics().scrape(), config);
    }

    @Override
    public void close() {
        history.close();
        contents.close();
    }
}
