package kvstore.store;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Walks over the records of a segment without an index area. From a header that proves itself it hops to the next; where
 * there is none (a put that never ended, a torn tail) it looks at every block.
 */
final class RecordHopper {
    private static final Logger LOG = LoggerFactory.getLogger(RecordHopper.class);

    /** After so many failed reads in a row it is not the extents but the device: the file is better left alone. */
    private static final int UNREADABLE_MAX = 32;

    private final Segment segment;
    private final int blocks;
    private final HostBuffer window;
    private final int windowMax;

    private int windowFirst;
    private int windowBlocks;
    private int nextWindow = 1;
    private int unreadable;

    /**
     * @param blocks of the file that may be looked at
     * @param buffer holes are read in pieces of at most its size
     */
    RecordHopper(Segment segment, int blocks, HostBuffer buffer) {
        this.segment = segment;
        this.blocks = blocks;
        this.window = buffer;
        this.windowMax = (int) (buffer.sizeBytes() / Blocks.BLOCK_BYTES);
    }

    /**
     * @param entries gets what an index area would say, in the order of the file
     * @return the first block behind the last record; 1 if there is none
     * @throws IoFailure if the file system fails in a way that may pass
     */
    int hop(Consumer<IndexEntry> entries) throws IoFailure {
        int end = 1;
        int at = 1;
        while (at < blocks) {
            RecordHeader header = headerAt(at);
            if (header == null) {
                at++;
                continue;
            }
            nextWindow = 1;
            switch (header) {
                case RecordHeader.Chunk chunk -> entries.accept(IndexEntry.of(chunk));
                case RecordHeader.Tombstone tombstone -> {
                    int block = at;
                    tombstone.hidden().forEach(hide -> entries.accept(IndexEntry.of(hide, block)));
                }
                case RecordHeader.Abandoned _ -> {}
            }
            at += 1 + header.payloadBlocks();
            end = at;
        }
        return end;
    }

    /** The record that begins at a block, or null if none does. */
    private @Nullable RecordHeader headerAt(int at) throws IoFailure {
        if (at < windowFirst || at >= windowFirst + windowBlocks) {
            load(at);
        }
        if (windowBlocks == 0) {
            return null; // unreadable
        }
        ByteBuffer block = window.slice((long) (at - windowFirst) * Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES)
                .memory()
                .asByteBuffer();
        if (!RecordHeader.present(block)) {
            return null;
        }
        try {
            RecordHeader header = RecordHeader.decode(block);
            header.requirePlace(segment.header().nonce(), at);
            return at + 1L + header.payloadBlocks() <= blocks ? header : null;
        } catch (CorruptRecordException e) {
            LOG.debug("block {} of segment {} holds no record: {}", at, segment.id(), e.getMessage());
            return null;
        }
    }

    private void load(int at) throws IoFailure {
        windowFirst = at;
        windowBlocks = Math.min(Math.min(nextWindow, windowMax), blocks - at);
        nextWindow = Math.min(nextWindow * 2, windowMax);
        if (read()) {
            return;
        }
        nextWindow = 1;
        windowBlocks = 1;
        if (!read()) {
            windowBlocks = 0;
        }
    }

    /** False if the file system has lost this extent, as opposed to not giving it now. */
    private boolean read() throws IoFailure {
        try {
            Io.await(segment.file()
                    .read(
                            (long) windowFirst * Blocks.BLOCK_BYTES,
                            window.slice(0, (long) windowBlocks * Blocks.BLOCK_BYTES)));
            unreadable = 0;
            return true;
        } catch (IoFailure e) {
            boolean lost = e.kind() == IoFailure.Kind.IO || e.kind() == IoFailure.Kind.SHORT;
            if (!lost || ++unreadable > UNREADABLE_MAX) {
                throw e;
            }
            return false;
        }
    }
}
