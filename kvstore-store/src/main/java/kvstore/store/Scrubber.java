package kvstore.store;

import java.util.List;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.RecordCheck.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * Reads every visible record whole, oldest segment first, and finds out whether it is still what was put: what nobody asks
 * for goes bad unseen otherwise. One read at a time, so that it never takes more than one of the engine's threads.
 */
final class Scrubber {
    private static final int BUFFER_BYTES = 16 * Blocks.BLOCK_BYTES;

    private final ChunkIndex index;
    private final Segments segments;
    private final Forgetting forgetting;
    private final StoreListener listener;

    Scrubber(ChunkIndex index, Segments segments, Forgetting forgetting, StoreListener listener) {
        this.index = index;
        this.segments = segments;
        this.forgetting = forgetting;
        this.listener = listener;
    }

    /** @param drop forgets bad records, as a get that meets one does */
    ScrubReport scrub(boolean drop, ScrubControl control) {
        List<Integer> ids = List.copyOf(segments.inUse().keySet());
        Run run = new Run(drop, control, ids.size());
        for (int id : ids) {
            Segment segment = segments.get(id);
            if (segment != null && !run.scrub(segment)) {
                return run.report(false);
            }
            run.segmentsDone++;
            control.seen(run.report(false));
        }
        return run.report(true);
    }

    /** One pass. Takes hold of a segment for one record at a time, so that it delays no eviction for long. */
    private final class Run {
        private final BlockBuffers buffers = new BlockBuffers(1, BUFFER_BYTES);
        private final boolean drop;
        private final ScrubControl control;
        private final int all;
        private int segmentsDone;
        private long records;
        private long bytes;
        private long bad;
        private long unread;
        private int unreadSegments;

        Run(boolean drop, ScrubControl control, int all) {
            this.drop = drop;
            this.control = control;
            this.all = all;
        }

        ScrubReport report(boolean complete) {
            return new ScrubReport(segmentsDone, all, records, bytes, bad, unread, unreadSegments, complete);
        }

        /** False if the scrub shall end. */
        boolean scrub(Segment segment) {
            EntryBatch entries = new EntryBatch();
            if (!segment.hold()) {
                return true; // being evicted
            }
            try {
                unreadSegments += IndexArea.show(segment, buffers, entries, listener) ? 0 : 1;
            } finally {
                segment.release();
            }
            for (int i = 0; i < entries.size(); i++) {
                KeyDigest digest = new KeyDigest(entries.high(i), entries.low(i));
                if (entries.isChunk(i) && visible(segment, digest, entries.block(i))) {
                    if (!segment.hold()) {
                        return true;
                    }
                    try {
                        if (!scrub(segment, digest, entries.block(i), entries.length(i))) {
                            return false;
                        }
                    } finally {
                        segment.release();
                    }
                    control.seen(report(false));
                }
            }
            return true;
        }

        private boolean scrub(Segment segment, KeyDigest digest, int block, int length) {
            Verdict verdict;
            try (BlockBuffers.Lent lent = buffers.take()) {
                verdict = RecordCheck.check(segment, digest, block, length, lent.buffer(), control::mayRead);
            }
            switch (verdict) {
                case Verdict.Good() -> seen(length);
                case Verdict.Bad(String reason) -> {
                    seen(length);
                    if (visible(segment, digest, block)) {
                        bad(segment, digest, block, length, reason);
                    }
                }
                case Verdict.Unread(var failure) -> {
                    unread++;
                    listener.ioFailed("scrub", failure);
                }
                case Verdict.Stopped() -> {
                    return false;
                }
            }
            return true;
        }

        private void seen(int length) {
            records++;
            bytes += (1 + Blocks.count(length)) * Blocks.BLOCK_BYTES;
        }

        private void bad(Segment segment, KeyDigest digest, int block, int length, String reason) {
            bad++;
            ChunkKey key = key(segment, block, buffers, listener);
            control.bad(new BadRecord(key, segment.file().file(), (long) block * Blocks.BLOCK_BYTES, length, reason));
            if (drop) {
                forgetting.quarantine(key == null ? "unknown key" : key, digest, segment, block, length, reason);
            }
        }
    }

    /** The key of a record whose header may be lost: from the index area. Rare, so it is read once more. */
    static @Nullable ChunkKey key(Segment segment, int block, BlockBuffers buffers, StoreListener listener) {
        ChunkKey[] key = new ChunkKey[1];
        boolean _ = IndexArea.show(
                segment,
                buffers,
                item -> {
                    if (item.isChunk() && item.block() == block) {
                        key[0] = item.chunkKey();
                    }
                },
                listener);
        return key[0];
    }

    private boolean visible(Segment segment, KeyDigest digest, int block) {
        Slot slot = index.peek(digest);
        return slot != null && slot.segment() == segment.id() && slot.block() == block;
    }
}
