package kvstore.store;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.IoFile;

/** Segments without a file behind them, which remember what was done to them and what of it was wrong. Thread-safe. */
final class NumberedSegments implements SegmentSource {
    private static final UUID NOBODY = new UUID(0, 0);

    private final long blocks;
    private final int failEvery;
    private final Map<Integer, List<Extent>> taken = new HashMap<>();
    private final List<Integer> completed = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();
    private int calls;
    private int made;
    private int making;

    /**
     * Makes segments of one size.
     *
     * @param blocks of each
     * @param failEvery how often none can be made: once in so many times; 0 for never
     */
    NumberedSegments(long blocks, int failEvery) {
        this.blocks = blocks;
        this.failEvery = failEvery;
    }

    @Override
    public Result make() {
        synchronized (this) {
            if (++making > 1) {
                wrong.add("two segments are made at a time");
            }
            calls++;
        }
        synchronized (this) { // somebody else may come in between
            making--;
            if (failEvery > 0 && calls % failEvery == 0) {
                return new Failed(ShedReason.NO_SPACE, "none", BUSY_PAUSE_NANOS);
            }
            taken.put(++made, new ArrayList<>());
            return new Made(segment(made));
        }
    }

    @SuppressWarnings("NullAway") // nobody here asks for the directory
    private Segment segment(int id) {
        SegmentHeader header = new SegmentHeader(id, NOBODY, "node-a", 1, NOBODY, 0, blocks * Blocks.BLOCK_BYTES);
        return Segment.written(null, header, new NoFile(blocks * Blocks.BLOCK_BYTES));
    }

    /** Room was given to somebody. */
    synchronized void taken(Extent extent) {
        if (completed.contains(extent.segment().id())) {
            wrong.add("room was given in a segment that is complete: "
                    + extent.segment().id());
        }
        taken.getOrDefault(extent.segment().id(), List.of()).add(extent);
    }

    @Override
    public synchronized void seal(OpenSegment full) {
        int id = full.segment().id();
        if (full.unfinished() != 0) {
            wrong.add(id + " is sealed while somebody writes to it");
        }
        long end = full.nextBlock() + 1L + 1; // a block of index, and the trailer
        if (end > blocks) {
            wrong.add(id + " has no room for its index area");
        }
        completed.add(id);
    }

    @Override
    public synchronized void discard(Segment segment) {
        if (!taken.getOrDefault(segment.id(), List.of()).isEmpty()) {
            wrong.add(segment.id() + " is deleted, although somebody wrote to it");
        }
        completed.add(segment.id());
    }

    /** To be called when nothing is under way any more. */
    synchronized void requireAllRight() {
        if (completed.size() != made || completed.stream().distinct().count() != made) {
            wrong.add(made + " segments were made, these ended: " + completed);
        }
        taken.forEach((id, extents) -> {
            int next = 1;
            for (Extent extent : extents.stream()
                    .sorted(Comparator.comparingInt(Extent::block))
                    .toList()) {
                if (extent.block() != next) {
                    wrong.add("in " + id + " a record is at block " + extent.block() + ", right is " + next);
                }
                next = extent.block() + extent.blocks();
            }
        });
        if (!wrong.isEmpty()) {
            throw new AssertionError(wrong);
        }
    }

    @Override
    public void trim() {}

    @Override
    public void abandon(Segment segment) {
        throw new AssertionError("there is no other directory");
    }

    @Override
    public boolean betterElsewhere(Segment segment) {
        return false;
    }

    @Override
    public boolean pausing(Segment segment) {
        return false;
    }

    private record NoFile(long sizeBytes) implements IoFile {
        @Override
        public Path file() {
            return Path.of("none");
        }

        @Override
        public CompletableFuture<Void> read(long offset, Buffer destination) {
            throw new AssertionError("nobody reads");
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            throw new AssertionError("nobody writes");
        }

        @Override
        public void close() {}
    }
}
