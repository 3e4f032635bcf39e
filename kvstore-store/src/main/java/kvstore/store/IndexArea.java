package kvstore.store;

import java.nio.ByteBuffer;
import java.util.List;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The list of a segment's records, in blocks of its own behind the last record, so that nobody has to read the records. */
final class IndexArea {
    private static final Logger LOG = LoggerFactory.getLogger(IndexArea.class);

    private IndexArea() {}

    /**
     * Writes index area and trailer. Until the trailer is written the segment counts as not sealed.
     *
     * @param firstBlock behind the last record
     * @param buffer of one block or more
     * @return what {@link Segment#sealed} wants
     * @throws IoFailure {@code NO_SPACE} if the area does not fit between the records and the trailer
     */
    static SegmentTrailer write(
            Segment segment, List<IndexEntry> entries, int firstBlock, long millis, HostBuffer buffer)
            throws IoFailure {
        int lastBlock = Math.toIntExact(segment.header().segmentBytes() / Blocks.BLOCK_BYTES) - 1;
        HostBuffer block = buffer.slice(0, Blocks.BLOCK_BYTES);
        ByteBuffer bytes = block.memory().asByteBuffer();
        int ordinal = 0;
        int next = 0;
        while (next < entries.size()) {
            IndexBlock.Writer writer = new IndexBlock.Writer(bytes);
            while (next < entries.size() && writer.add(entries.get(next))) {
                next++;
            }
            int at = firstBlock + ordinal;
            if (at >= lastBlock) {
                throw new IoFailure(
                        IoFailure.Kind.NO_SPACE, 0, "the index area does not fit into segment " + segment.id());
            }
            writer.finish(segment.header().nonce(), ordinal, at);
            Io.await(segment.file().write((long) at * Blocks.BLOCK_BYTES, block));
            ordinal++;
        }
        SegmentTrailer trailer =
                new SegmentTrailer(segment.header().nonce(), firstBlock, ordinal, entries.size(), millis);
        trailer.encode(bytes);
        Io.await(segment.file().write((long) lastBlock * Blocks.BLOCK_BYTES, block));
        return trailer;
    }

    /**
     * Shows all entries of a sealed segment.
     *
     * @param buffer of one block or more; is read in pieces of its size
     * @throws CorruptRecordException if the area is not what was written; some entries may have been shown
     */
    static void read(Segment segment, SegmentTrailer trailer, HostBuffer buffer, IndexItem.Visitor visitor)
            throws IoFailure, CorruptRecordException {
        int blocksAtOnce = (int) (buffer.sizeBytes() / Blocks.BLOCK_BYTES);
        int entries = 0;
        for (int first = 0; first < trailer.indexBlocks(); first += blocksAtOnce) {
            int blocks = Math.min(blocksAtOnce, trailer.indexBlocks() - first);
            HostBuffer piece = buffer.slice(0, (long) blocks * Blocks.BLOCK_BYTES);
            Io.await(segment.file().read((long) (trailer.indexBlock() + first) * Blocks.BLOCK_BYTES, piece));
            for (int i = 0; i < blocks; i++) {
                entries += readBlock(
                        segment,
                        trailer,
                        first + i,
                        piece.slice((long) i * Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES),
                        visitor);
            }
        }
        if (entries != trailer.entries()) {
            throw new CorruptRecordException("the index area has " + entries + " entries, not " + trailer.entries());
        }
    }

    private static int readBlock(
            Segment segment, SegmentTrailer trailer, int ordinal, HostBuffer block, IndexItem.Visitor visitor)
            throws CorruptRecordException {
        IndexBlock.Cursor cursor = new IndexBlock.Cursor(
                block.memory().asByteBuffer(), segment.header().nonce(), ordinal, trailer.indexBlock() + ordinal);
        while (cursor.next()) {
            if (cursor.isChunk() && cursor.block() + 1L + Blocks.count(cursor.length()) > trailer.indexBlock()) {
                throw new CorruptRecordException("the index area names a record outside of the segment");
            }
            visitor.visit(cursor);
        }
        return cursor.count();
    }

    /**
     * Shows all entries of a segment in use, sealed or not.
     *
     * @return false if not all could be shown; that was logged and told
     */
    static boolean show(Segment segment, BlockBuffers buffers, IndexItem.Visitor visitor, StoreListener listener) {
        try {
            List<IndexEntry> unsealed = segment.unsealedEntries();
            SegmentTrailer trailer = segment.trailer();
            if (trailer != null) {
                try (BlockBuffers.Lent lent = buffers.take()) {
                    read(segment, trailer, lent.buffer(), visitor);
                }
            } else {
                for (IndexEntry entry : unsealed) {
                    visitor.visit(entry);
                }
            }
            return true;
        } catch (IoFailure e) {
            LOG.warn("cannot read the index area of segment {}: {}", segment.id(), e.getMessage());
            listener.ioFailed("index", e);
        } catch (CorruptRecordException e) {
            LOG.warn("the index area of segment {} is damaged: {}", segment.id(), e.getMessage());
            listener.segmentDamaged(SegmentDamage.BAD_INDEX);
        }
        return false;
    }
}
