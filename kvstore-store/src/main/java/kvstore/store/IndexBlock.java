package kvstore.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;

/** One block of an index area: a header, then entries of different lengths, none of which crosses into the next block. */
final class IndexBlock {
    private static final long MAGIC = BlockFormat.magic("KVINDEXB");
    private static final int HEADER_BYTES = 48;
    private static final int ENTRIES_BYTES = Blocks.BLOCK_BYTES - HEADER_BYTES - Integer.BYTES;
    private static final short CHUNK = 1;
    private static final short HIDE = 2;

    private IndexBlock() {}

    /** The most blocks that entries of so many bytes take, in whatever order they come. */
    static int blocksFor(long entryBytes) {
        long filled = ENTRIES_BYTES - IndexEntry.BYTES_MAX + 1L;
        return (int) ((entryBytes + filled - 1) / filled);
    }

    /** Fills one block. */
    static final class Writer {
        private final ByteBuffer block;
        private int entries;

        Writer(ByteBuffer block) {
            this.block = block;
            block.clear().position(HEADER_BYTES);
        }

        /** Adds an entry, or returns false if the block is full. */
        boolean add(IndexEntry entry) {
            if (block.remaining() < entry.sizeBytes() + Integer.BYTES) {
                return false;
            }
            ChunkKey key = entry.key();
            byte[] namespace = key == null ? new byte[0] : key.namespace().getBytes(StandardCharsets.UTF_8);
            byte[] name = key == null ? new byte[0] : key.bytes();
            block.putShort(key == null ? HIDE : CHUNK).putShort((short) (entry.hides() ? 1 : 0));
            block.putShort((short) namespace.length).putShort((short) name.length);
            block.putLong(entry.digest().high()).putLong(entry.digest().low());
            block.putLong(entry.sequence()).putInt(entry.block()).putInt(entry.length());
            block.put(namespace).put(name);
            entries++;
            return true;
        }

        /** Completes the block, which is number {@code ordinal} of its index area and number {@code at} of the file. */
        void finish(UUID nonce, int ordinal, int at) {
            int used = block.position();
            block.position(0);
            block.putLong(MAGIC)
                    .putShort(BlockFormat.VERSION)
                    .putShort((short) 0)
                    .putInt(used + Integer.BYTES);
            BlockFormat.putUuid(block, nonce);
            block.putInt(ordinal).putInt(at).putInt(entries).putInt(0);
            block.position(used);
            BlockFormat.seal(block);
        }
    }

    /** Walks over the entries of one block. Start with {@link #next}. */
    static final class Cursor implements IndexItem {
        private final ByteBuffer block;
        private final int end;
        private final int count;
        private int entry;
        private int at;
        private int next = HEADER_BYTES;

        /** @throws CorruptRecordException if this is not that block of that segment's index area */
        Cursor(ByteBuffer block, UUID nonce, int ordinal, int at) throws CorruptRecordException {
            int used = block.getInt(12);
            if (block.getLong(0) != MAGIC
                    || !BlockFormat.intact(block, used, HEADER_BYTES + Integer.BYTES)
                    || block.getShort(8) != BlockFormat.VERSION
                    || !BlockFormat.uuid(block, 16).equals(nonce)
                    || block.getInt(32) != ordinal
                    || block.getInt(36) != at) {
                throw new CorruptRecordException("block " + ordinal + " of the index area is damaged");
            }
            this.block = block;
            this.end = used - Integer.BYTES;
            this.count = block.getInt(40);
        }

        int count() {
            return count;
        }

        /** Goes to the next entry, or returns false at the end. */
        boolean next() throws CorruptRecordException {
            if (entry == count) {
                return false;
            }
            at = next;
            if (at + IndexEntry.FIXED_BYTES > end) {
                throw new CorruptRecordException("the index area makes no sense");
            }
            next = at + IndexEntry.FIXED_BYTES + namespaceBytes() + keyBytes();
            if (next > end || length() < 0 || block() < 1) {
                throw new CorruptRecordException("the index area makes no sense");
            }
            entry++;
            return true;
        }

        @Override
        public boolean isChunk() {
            return block.getShort(at) == CHUNK;
        }

        @Override
        public boolean hides() {
            return (block.getShort(at + 2) & 1) != 0;
        }

        @Override
        public KeyDigest digest() {
            return new KeyDigest(block.getLong(at + 8), block.getLong(at + 16));
        }

        @Override
        public long sequence() {
            return block.getLong(at + 24);
        }

        @Override
        public int block() {
            return block.getInt(at + 32);
        }

        @Override
        public int length() {
            return block.getInt(at + 36);
        }

        @Override
        public boolean hasNamespace() {
            return isChunk() && namespaceBytes() > 0;
        }

        @Override
        public ChunkKey chunkKey() throws CorruptRecordException {
            return KeyFormat.get(block, at + IndexEntry.FIXED_BYTES, namespaceBytes(), keyBytes());
        }

        private int namespaceBytes() {
            return Short.toUnsignedInt(block.getShort(at + 4));
        }

        private int keyBytes() {
            return Short.toUnsignedInt(block.getShort(at + 6));
        }
    }
}
