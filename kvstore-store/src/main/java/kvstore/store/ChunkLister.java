package kvstore.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.store.ChunkIndex.Slot;
import kvstore.store.ListPage.ListedChunk;

/** Lists keys page by page. They are not kept in memory, so each page reads index areas. */
final class ChunkLister {
    /** A page that found nothing ends after so many segments, so that a rare prefix does not make one endless call. */
    private static final int SEGMENTS_PER_PAGE = 64;

    private final ChunkIndex index;
    private final Segments segments;
    private final StoreListener listener;

    /** One buffer of its own: a list may be slow, but it makes no put wait. */
    private final BlockBuffers buffers = new BlockBuffers(1, Blocks.BLOCK_BYTES);

    ChunkLister(ChunkIndex index, Segments segments, StoreListener listener) {
        this.index = index;
        this.segments = segments;
        this.listener = listener;
    }

    ListPage list(int pageSize, String pageToken, byte[] prefix) {
        if (pageSize < 1) {
            throw new IllegalArgumentException("page size " + pageSize + " is not positive");
        }
        Position from = Position.parse(pageToken);
        List<ListedChunk> chunks = new ArrayList<>();
        int unreadable = 0;
        int visited = 0;
        for (Segment segment : segments.inUse().tailMap(from.segment, true).values()) {
            if (visited++ == SEGMENTS_PER_PAGE) {
                return new ListPage(chunks, new Position(segment.id(), 0).token(), unreadable);
            }
            if (!segment.hold()) {
                continue; // being evicted
            }
            int skip = segment.id() == from.segment ? from.entry : 0;
            Collector collector = new Collector(segment.id(), skip, pageSize, prefix, chunks);
            try {
                unreadable += IndexArea.show(segment, buffers, collector, listener) ? 0 : 1;
            } finally {
                segment.release();
            }
            if (collector.next >= 0) {
                return new ListPage(chunks, new Position(segment.id(), collector.next).token(), unreadable);
            }
        }
        return new ListPage(chunks, "", unreadable);
    }

    /** Where a page begins: an entry of a segment. Entries keep their order when a segment is sealed. */
    private record Position(int segment, int entry) {
        static Position parse(String token) {
            if (token.isEmpty()) {
                return new Position(0, 0);
            }
            try {
                long both = HexFormat.fromHexDigitsToLong(token);
                return new Position((int) (both >>> 32), (int) both);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("page token '" + token + "' is not one of this store's", e);
            }
        }

        String token() {
            return HexFormat.of().toHexDigits(((long) segment << 32) | entry);
        }
    }

    /** Takes what is visible and wanted, until the page is full. */
    private final class Collector implements IndexItem.Visitor {
        private final int segment;
        private final int skip;
        private final int pageSize;
        private final byte[] prefix;
        private final List<ListedChunk> chunks;
        private int entry;

        /** The entry that the next page begins with; -1 if this page has room. */
        private int next = -1;

        Collector(int segment, int skip, int pageSize, byte[] prefix, List<ListedChunk> chunks) {
            this.segment = segment;
            this.skip = skip;
            this.pageSize = pageSize;
            this.prefix = prefix;
            this.chunks = chunks;
        }

        @Override
        public void visit(IndexItem item) throws CorruptRecordException {
            int current = entry++;
            if (current < skip || next >= 0 || !item.isChunk()) {
                return;
            }
            Slot slot = index.peek(item.digest());
            if (slot == null || slot.segment() != segment || slot.block() != item.block()) {
                return;
            }
            ChunkKey key = item.chunkKey();
            if (key.length() < prefix.length
                    || Arrays.mismatch(key.bytes(), 0, prefix.length, prefix, 0, prefix.length) >= 0) {
                return;
            }
            if (chunks.size() == pageSize) {
                next = current;
            } else {
                chunks.add(new ListedChunk(key, item.length(), segment));
            }
        }
    }
}
