package kvstore.store;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kvstore.api.BlockChecksums;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import org.jspecify.annotations.Nullable;

/** One key of a simulation: what was put under it, and what a get may answer now. */
final class SimKey {
    /**
     * A value of the key, or that there is none.
     *
     * @param files that have a record of it
     */
    record Version(int number, int length, Set<Path> files) {
        boolean isMiss() {
            return number < 0;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Version version && version.number == number;
        }

        @Override
        public int hashCode() {
            return number;
        }

        @Override
        public String toString() {
            return isMiss() ? "a miss" : "version " + number + " of " + length + " bytes";
        }
    }

    /** Somebody who looks, and for whom everything is right that was right at any moment of looking. */
    static final class Watch {
        final Set<Version> allowed;
        final long beginNanos;
        boolean anything;
        boolean changed;

        private Watch(SimKey key, long beginNanos) {
            this.beginNanos = beginNanos;
            this.allowed = new HashSet<>(key.allowed);
            this.anything = key.tainted;
            this.changed = key.changing > 0;
        }
    }

    static final Version MISS = new Version(-1, 0, Set.of());

    private record Mark(int length, int crc) {}

    final int number;
    final ChunkKey key;
    final KeyDigest digest;
    private final Map<Mark, Version> versions = new HashMap<>();
    private final Set<Version> allowed = new LinkedHashSet<>(Set.of(MISS));
    private final List<Watch> watches = new ArrayList<>();

    /** A fault may have taken what counts: any version may be found, or none. */
    private boolean tainted;

    /** It was tainted before what counts now was put: older versions may lie in other files, with nothing to hide them. */
    boolean residual;

    /** It was deleted, and that is not written down yet. */
    boolean hideOwed;

    /** Of its newest record; only what hides that is written for a delete, and not for an older one. */
    long lastSequence;

    /** Where a delete was written down last. */
    @Nullable
    Path hideFile;

    /** Puts and deletes under way, and whether some of them overlapped since there were none. */
    private int changing;

    private boolean overlapped;
    private long usedNanos;

    SimKey(int number) {
        this.number = number;
        this.key = ChunkKey.of("key-" + number);
        this.digest = KeyDigest.of(key);
    }

    Set<Version> allowed() {
        return allowed;
    }

    void used(long nanos) {
        usedNanos = Math.max(usedNanos, nanos);
    }

    long unusedSince(long nanos) {
        return nanos - usedNanos;
    }

    boolean tainted() {
        return tainted;
    }

    byte[] bytes(Version version) {
        return StoreHarness.value(number * 1_000_003L + version.number, version.length);
    }

    /** A new version, which nobody may find yet. */
    Version newVersion(int length) {
        Version version = new Version(versions.size(), length, new HashSet<>());
        versions.put(mark(bytes(version)), version);
        return version;
    }

    /** The version with these bytes; null if they never were put. */
    @Nullable
    Version find(byte[] bytes) {
        Version version = versions.get(mark(bytes));
        return version != null && java.util.Arrays.equals(bytes, bytes(version)) ? version : null;
    }

    /** The version whose record has these. */
    @Nullable
    Version find(int length, BlockChecksums checksums) {
        return versions.get(new Mark(length, checksums.crc(0)));
    }

    private static Mark mark(byte[] bytes) {
        BlockChecksums.Accumulator checksums = new BlockChecksums.Accumulator(bytes.length);
        checksums.update(java.lang.foreign.MemorySegment.ofArray(bytes));
        return new Mark(bytes.length, checksums.finish().crc(0));
    }

    Watch watch(long nanos) {
        Watch watch = new Watch(this, nanos);
        watches.add(watch);
        return watch;
    }

    void unwatch(Watch watch) {
        watches.remove(watch);
    }

    void allow(Version version) {
        allowed.add(version);
        watches.forEach(watch -> watch.allowed.add(version));
    }

    void disallow(Version version) {
        allowed.remove(version);
    }

    void taint() {
        tainted = true;
        watches.forEach(watch -> watch.anything = true);
    }

    /** A put or a delete begins, and this may be found from now on. */
    void beginChange(Version outcome) {
        overlapped |= changing > 0;
        changing++;
        allow(outcome);
        watches.forEach(watch -> watch.changed = true);
    }

    /** As {@link #beginChange}, for who wants to know whether there was something before. */
    void beginDelete() {
        List<Watch> seen = List.copyOf(watches);
        boolean[] missed = new boolean[seen.size()];
        for (int i = 0; i < missed.length; i++) {
            missed[i] = seen.get(i).allowed.contains(MISS);
        }
        beginChange(MISS);
        if (!seen.isEmpty() && !missed[missed.length - 1]) {
            seen.getLast().allowed.remove(MISS); // it is that of this delete
        }
    }

    /** A put or delete ended well. */
    void endChange(Version outcome, boolean sure) {
        changing--;
        if (!overlapped && sure) {
            settle(outcome);
            residual |= tainted;
            tainted = false;
        }
        overlapped &= changing > 0;
    }

    /** A put or delete ended and says that nothing changed. */
    void undoChange(Version outcome) {
        changing--;
        if (!overlapped && !tainted && allowed.size() > 1) {
            allowed.remove(outcome);
        }
        overlapped &= changing > 0;
    }

    /** It is this. */
    void settle(Version version) {
        allowed.clear();
        allow(version);
    }

    /** The process has ended, and with it whatever was under way. */
    void crash() {
        changing = 0;
        overlapped = false;
        watches.clear();
        if (hideOwed) {
            taint();
        }
        hideOwed = false;
    }

    @Override
    public String toString() {
        return key + " " + allowed + (tainted ? " tainted" : "");
    }
}
