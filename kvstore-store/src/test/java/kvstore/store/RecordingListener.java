package kvstore.store;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;

/** Remembers what it was told. */
final class RecordingListener implements StoreListener {
    final AtomicInteger stored = new AtomicInteger();
    final AtomicInteger alreadyStored = new AtomicInteger();
    final AtomicInteger aborted = new AtomicInteger();
    final AtomicInteger deleted = new AtomicInteger();
    final AtomicLong evictedChunks = new AtomicLong();
    final AtomicLong evictedBytes = new AtomicLong();
    final List<Long> evictedSegments = Collections.synchronizedList(new ArrayList<>());
    final List<EvictionTrigger> triggers = Collections.synchronizedList(new ArrayList<>());
    final List<ShedReason> shed = Collections.synchronizedList(new ArrayList<>());
    final List<String> corrupt = Collections.synchronizedList(new ArrayList<>());
    final List<SegmentDamage> damage = Collections.synchronizedList(new ArrayList<>());
    final List<String> ioFailed = Collections.synchronizedList(new ArrayList<>());
    final AtomicInteger leasesRefused = new AtomicInteger();
    final AtomicLong expiredChunks = new AtomicLong();
    final AtomicInteger reinsertedChunks = new AtomicInteger();
    final AtomicInteger refusedReinsertions = new AtomicInteger();
    volatile @Nullable RecoveryReport recovery;

    @Override
    public void stored(long payloadBytes) {
        stored.incrementAndGet();
    }

    @Override
    public void alreadyStored() {
        alreadyStored.incrementAndGet();
    }

    @Override
    public void shed(ShedReason reason) {
        shed.add(reason);
    }

    @Override
    public void aborted() {
        aborted.incrementAndGet();
    }

    @Override
    public void deleted(int chunks) {
        deleted.addAndGet(chunks);
    }

    @Override
    public void evicted(long segment, long chunks, long payloadBytes, long ageMillis) {
        evictedSegments.add(segment);
        evictedChunks.addAndGet(chunks);
        evictedBytes.addAndGet(payloadBytes);
    }

    @Override
    public void madeRoom(EvictionTrigger trigger) {
        triggers.add(trigger);
    }

    @Override
    public void expired(long segment, long chunks, long payloadBytes, long ageMillis) {
        expiredChunks.addAndGet(chunks);
    }

    @Override
    public void reinserted(long payloadBytes) {
        reinsertedChunks.incrementAndGet();
    }

    @Override
    public void reinsertionRefused(ReinsertionRefusal reason, int chunks) {
        refusedReinsertions.addAndGet(chunks);
    }

    @Override
    public void leaseRefused() {
        leasesRefused.incrementAndGet();
    }

    @Override
    public void corrupt(String reason) {
        corrupt.add(reason);
    }

    @Override
    public void segmentDamaged(SegmentDamage kind) {
        damage.add(kind);
    }

    @Override
    public void ioFailed(String operation, IoFailure failure) {
        ioFailed.add(operation);
    }

    @Override
    public void recovered(RecoveryReport report) {
        recovery = report;
    }

    /** Everything that says that something went wrong. */
    int complaints() {
        return shed.size() + corrupt.size() + damage.size() + ioFailed.size();
    }
}
