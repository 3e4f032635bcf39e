package kvstore.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import kvstore.api.Blocks;
import org.jspecify.annotations.Nullable;

/** The content of a simulated file. A block whose rest is zero, as most are, takes a page of memory. */
final class SimFile {
    static final int PAGE = 4096;
    private static final int BLOCK = Blocks.BLOCK_BYTES;
    private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[BLOCK]);

    private byte[] @Nullable [] blocks = new byte[1][];
    private long sizeBytes;

    /** Names that lead here. */
    int links = 1;

    long sizeBytes() {
        return sizeBytes;
    }

    int blocks() {
        return (int) ((sizeBytes + BLOCK - 1) / BLOCK);
    }

    void resize(long bytes) {
        if (bytes < sizeBytes) {
            blocks = new byte[1][]; // nobody here cuts a file but to nothing
        }
        sizeBytes = bytes;
        if (blocks() > blocks.length) {
            blocks = java.util.Arrays.copyOf(blocks, blocks());
        }
    }

    /** The block as it is, for {@link #restore}. */
    byte @Nullable [] save(int block) {
        return block < blocks.length ? blocks[block] : null;
    }

    void restore(int block, byte @Nullable [] content) {
        blocks[block] = content;
    }

    /** The range must lie inside of the file. */
    void read(long offset, MemorySegment to) {
        for (long done = 0; done < to.byteSize(); ) {
            int within = (int) ((offset + done) % BLOCK);
            long length = Math.min(BLOCK - within, to.byteSize() - done);
            byte[] block = blocks[(int) ((offset + done) / BLOCK)];
            long there = block == null ? 0 : Math.clamp(block.length - within, 0, length);
            if (block != null && there > 0) {
                MemorySegment.copy(block, within, to, ValueLayout.JAVA_BYTE, done, (int) there);
            }
            to.asSlice(done + there, length - there).fill((byte) 0);
            done += length;
        }
    }

    /** Changes the content; the arrays of before are left as they were. */
    void write(long offset, MemorySegment from) {
        resize(Math.max(sizeBytes, offset + from.byteSize()));
        for (long done = 0; done < from.byteSize(); ) {
            int within = (int) ((offset + done) % BLOCK);
            long length = Math.min(BLOCK - within, from.byteSize() - done);
            int at = (int) ((offset + done) / BLOCK);
            MemorySegment part = from.asSlice(done, length);
            blocks[at] = length == BLOCK ? whole(part) : changed(blocks[at], within, part);
            done += length;
        }
    }

    private static byte[] whole(MemorySegment block) {
        boolean small = MemorySegment.mismatch(block, PAGE, BLOCK, ZEROS, PAGE, BLOCK) < 0;
        return block.asSlice(0, small ? PAGE : BLOCK).toArray(ValueLayout.JAVA_BYTE);
    }

    private static byte[] changed(byte @Nullable [] before, int within, MemorySegment part) {
        byte[] after =
                new byte[within + part.byteSize() <= PAGE && (before == null || before.length == PAGE) ? PAGE : BLOCK];
        if (before != null) {
            System.arraycopy(before, 0, after, 0, before.length);
        }
        MemorySegment.copy(part, ValueLayout.JAVA_BYTE, 0, after, within, (int) part.byteSize());
        return after;
    }
}
