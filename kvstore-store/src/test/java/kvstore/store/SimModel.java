package kvstore.store;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.KeyDigest;
import kvstore.store.SimKey.Version;
import kvstore.store.SimKey.Watch;
import org.jspecify.annotations.Nullable;

/**
 * What a store on a {@link SimDisk} must answer: exact bytes or a miss; what was acknowledged, unless it was evicted or a
 * fault destroyed it. It looks at what reaches the disk to know which key a fault has hit, and which a deleted file takes
 * along.
 */
final class SimModel implements SimDisk.Observer, StoreListener {
    /**
     * A lease that the store has granted.
     *
     * @param files that it protects, as far as that is known
     */
    record Lease(long id, long endNanos, Set<Path> files) {}

    private static final int FILES_REMEMBERED = 200;

    /** Less than the store's, which reckons in seconds and does not count a get that soon follows a use. */
    private static final long IDLE_NANOS = 48_000_000_000L;

    private static final boolean TRACE = Boolean.getBoolean("kvstore.simulation.trace");

    private final SimScheduler scheduler;
    private final SimFaults faults;
    final List<SimKey> keys = new ArrayList<>();
    private final Map<KeyDigest, SimKey> byDigest = new HashMap<>();

    /** The keys of the records of each file, of some deleted ones, too. */
    private final LinkedHashMap<Path, Set<SimKey>> records = new LinkedHashMap<>();

    private final Set<Path> existing = new HashSet<>();
    private final Set<Path> damaged = new HashSet<>();
    private final List<Lease> leases = new ArrayList<>();
    private final Map<Path, Integer> pins = new HashMap<>();

    long capacityBytes;
    private long deletedFiles;
    long reinsertions;

    /** A start has to make room first. */
    boolean starting;

    /** What nobody used for a minute is a miss. */
    boolean idle;

    /** A stop takes from clients what they hold. */
    boolean closing;

    SimModel(SimScheduler scheduler, SimFaults faults, int keys) {
        this.scheduler = scheduler;
        this.faults = faults;
        for (int i = 0; i < keys; i++) {
            SimKey key = new SimKey(i);
            this.keys.add(key);
            byDigest.put(key.digest, key);
        }
    }

    /** With {@code -Dkvstore.simulation.trace=true}, says what happens. */
    void trace(String event, Object... of) {
        if (TRACE) {
            SimScheduler.Task task = scheduler.current();
            System.out.println(scheduler.nanos() / 1000 + " us, " + task + ": " + event + " " + List.of(of));
        }
    }

    // ---- what the store answers

    /** A get, or a lookup, ended. */
    void found(SimKey key, Watch watch, Version version, boolean sure) {
        key.unwatch(watch);
        trace("found", version, key);
        key.used(watch.beginNanos);
        if (!watch.anything && !watch.allowed.contains(version)) {
            throw new AssertionError(key.key + ": " + version + " was found, right are " + watch.allowed);
        }
        if (sure && !watch.anything && !watch.changed) {
            key.settle(version);
        }
    }

    /** A get ended without. */
    void missed(SimKey key, Watch watch, boolean evicting) {
        key.unwatch(watch);
        trace("missed", key);
        if (watch.anything || evicting || closing || mayBeIdle(key)) {
            return;
        }
        if (!watch.allowed.contains(SimKey.MISS)) {
            throw new AssertionError(key.key + ": a miss, right are " + watch.allowed);
        }
        if (!watch.changed && !key.tainted()) {
            key.settle(SimKey.MISS);
        }
    }

    /** Whether a key may be a miss because nobody used it for so long. */
    boolean mayBeIdle(SimKey key) {
        return idle && key.unusedSince(scheduler.nanos()) > IDLE_NANOS;
    }

    /** Whether a file has records that a fault may have destroyed. */
    boolean damagedFile(@Nullable Path file) {
        return damaged.contains(file);
    }

    void granted(long id, long endNanos, List<SimKey> held) {
        Set<Path> files = new HashSet<>();
        for (SimKey key : held) {
            if (!key.tainted() && key.allowed().size() == 1) {
                Set<Path> of = key.allowed().iterator().next().files();
                if (of.size() == 1) {
                    files.addAll(of);
                }
            }
        }
        leases.add(new Lease(id, endNanos, files));
    }

    @Nullable
    Lease anyLease(int choice) {
        return leases.isEmpty() ? null : leases.get(choice % leases.size());
    }

    void released(Lease lease) {
        leases.remove(lease);
    }

    void pinned(Path file) {
        pins.merge(file, 1, Integer::sum);
    }

    void unpinned(Path file) {
        pins.computeIfPresent(file, (_, n) -> n == 1 ? null : n - 1);
    }

    long deletedFiles() {
        return deletedFiles;
    }

    /** The process has ended, by itself or not. */
    void end() {
        trace("the process has ended");
        closing = false;
        keys.forEach(SimKey::crash);
        keys.forEach(key -> key.used(scheduler.nanos()));
        leases.clear();
        pins.clear();
    }

    // ---- what happens to the disk

    @Override
    public void deleting(Path file) {
        if (!starting && !closing) {
            long now = scheduler.nanos();
            if (pins.containsKey(file)) {
                throw new AssertionError(file + " is deleted while somebody reads or writes it");
            }
            if (leases.stream().anyMatch(lease -> lease.endNanos - now > 0 && lease.files.contains(file))) {
                throw new AssertionError(file + " is deleted while a lease protects it");
            }
        }
        for (SimKey key : records.getOrDefault(file, Set.of())) {
            if (key.allowed().stream().anyMatch(version -> version.files().contains(file))) {
                key.allow(SimKey.MISS);
            }
        }
    }

    @Override
    public void deleted(Path file) {
        trace("deleted", file);
        deletedFiles++;
        existing.remove(file);
        for (SimKey key : records.getOrDefault(file, Set.of())) {
            for (Version version : List.copyOf(key.allowed())) {
                if (!version.isMiss()
                        && version.files().remove(file)
                        && version.files().isEmpty()) {
                    key.allow(SimKey.MISS);
                    key.disallow(version);
                    if (key.residual) {
                        key.taint();
                    }
                }
            }
            if (existing.stream()
                    .noneMatch(other -> records.getOrDefault(other, Set.of()).contains(key))) {
                key.residual = false;
            }
        }
        while (records.size() > FILES_REMEMBERED) {
            records.pollFirstEntry();
        }
    }

    @Override
    public void written(Path file, int firstBlock, MemorySegment content) {
        existing.add(file);
        for (long at = 0; at + Blocks.BLOCK_BYTES <= content.byteSize(); at += Blocks.BLOCK_BYTES) {
            ByteBuffer block = content.asSlice(at, Blocks.BLOCK_BYTES).asByteBuffer();
            if (RecordHeader.present(block)) {
                int place = firstBlock + (int) (at / Blocks.BLOCK_BYTES);
                try {
                    RecordHeader header = RecordHeader.decode(block);
                    if (header.stamp().block() == place) {
                        written(file, header);
                    }
                } catch (CorruptRecordException _) {
                    // a part of one
                }
            }
        }
    }

    private void written(Path file, RecordHeader header) {
        trace("written", file, header);
        switch (header) {
            case RecordHeader.Chunk chunk -> {
                SimKey key = byDigest.get(KeyDigest.of(chunk.key()));
                Version version = key == null ? null : key.find((int) chunk.length(), chunk.checksums());
                if (key != null && version != null) {
                    version.files().add(file);
                    key.lastSequence = Math.max(key.lastSequence, chunk.stamp().sequence());
                    record(file, key);
                }
            }
            case RecordHeader.Tombstone tombstone -> {
                for (Hide hide : tombstone.hidden()) {
                    SimKey key = byDigest.get(hide.digest());
                    if (key != null) {
                        if (hide.below() > key.lastSequence) {
                            key.hideOwed = false;
                            key.hideFile = file;
                        }
                        record(file, key);
                    }
                }
            }
            case RecordHeader.Abandoned _ -> {}
        }
    }

    private void record(Path file, SimKey key) {
        records.computeIfAbsent(file, _ -> new HashSet<>()).add(key);
        if (damaged.contains(file)) {
            key.taint();
        }
    }

    @Override
    public void spoiled(Path file, MemorySegment meant) {
        for (long at = 0; at + Blocks.BLOCK_BYTES <= meant.byteSize(); at += Blocks.BLOCK_BYTES) {
            ByteBuffer block = meant.asSlice(at, Blocks.BLOCK_BYTES).asByteBuffer();
            if (RecordHeader.present(block)) {
                try {
                    if (RecordHeader.decode(block) instanceof RecordHeader.Chunk chunk) {
                        SimKey key = byDigest.get(KeyDigest.of(chunk.key()));
                        if (key != null) {
                            record(file, key);
                        }
                    }
                } catch (CorruptRecordException _) {
                    // payload that looks like one
                }
            }
        }
    }

    @Override
    public void damaged(Path file) {
        trace("damaged", file);
        damaged.add(file);
        records.getOrDefault(file, Set.of()).forEach(SimKey::taint);
    }

    @Override
    public void grown(long segmentBytes) {
        if (segmentBytes > capacityBytes && !starting) {
            throw new AssertionError("segments take " + segmentBytes + " bytes, the capacity is " + capacityBytes);
        }
    }

    // ---- what the store says

    @Override
    public void corrupt(String reason) {
        if (faults.silent() == 0 && !faults.powerLoss()) {
            throw new AssertionError("a record is corrupt on a disk that was not: " + reason);
        }
    }

    @Override
    public void segmentDamaged(SegmentDamage damage) {
        if (faults.onlyKills()) {
            throw new AssertionError("a segment is damaged on a disk that was not: " + damage);
        }
    }

    @Override
    public void reinserted(long payloadBytes) {
        reinsertions++;
    }

    @Override
    public void ioFailed(String operation, IoFailure failure) {
        if (faults.onlyKills()
                && failure.kind() != IoFailure.Kind.NO_SPACE
                && failure.kind() != IoFailure.Kind.CLOSED) {
            throw new AssertionError(operation + " failed on a disk that did not: " + failure.getMessage());
        }
    }
}
