package kvstore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import kvstore.store.RecordHeader.Abandoned;
import kvstore.store.RecordHeader.Chunk;
import kvstore.store.RecordHeader.Stamp;
import kvstore.store.RecordHeader.Tombstone;
import org.junit.jupiter.api.Test;

/** What is written is read; the extremes fit; anything else is refused. */
final class FormatTest {
    private static final UUID NONCE = new UUID(1, 2);
    private static final Stamp STAMP = new Stamp(NONCE, 77, 1L << 45, 1_790_000_000_000L);

    private final ByteBuffer block = ByteBuffer.allocateDirect(Blocks.BLOCK_BYTES);

    @Test
    void theLargestChunkFits() throws Exception {
        ChunkKey key = ChunkKey.of("n".repeat(ChunkKey.MAX_NAMESPACE_BYTES), new byte[ChunkKey.MAX_BYTES]);
        int[] crcs = new Random(1).ints(RecordHeader.CHECKSUMS_MAX).toArray();
        Chunk chunk = new Chunk(STAMP, key, StoreConfig.LARGEST_VALUE_BYTES, true, BlockChecksums.of(crcs));
        chunk.encode(block);
        assertThat(RecordHeader.decode(block)).isEqualTo(chunk);
        assertThat(StoreConfig.LARGEST_VALUE_BYTES).isBetween(900L << 20, (long) Integer.MAX_VALUE);
    }

    @Test
    void theLargestTombstoneFits() throws Exception {
        List<Hide> hides = new ArrayList<>();
        for (int i = 0; i < RecordHeader.HIDES_MAX; i++) {
            hides.add(new Hide(new KeyDigest(i, -i), i));
        }
        Tombstone tombstone = new Tombstone(STAMP, hides);
        tombstone.encode(block);
        assertThat(RecordHeader.decode(block)).isEqualTo(tombstone);
        assertThat(RecordHeader.HIDES_MAX).isGreaterThan(2000);
    }

    @Test
    void anAbandonedRecordKeepsItsLength() throws Exception {
        new Abandoned(STAMP, 123).encode(block);
        assertThat(RecordHeader.decode(block)).isEqualTo(new Abandoned(STAMP, 123));
    }

    @Test
    void aRecordOfAnotherPlaceIsRefused() throws Exception {
        RecordHeader header = new Abandoned(STAMP, 1);
        header.requirePlace(NONCE, 77);
        assertThatThrownBy(() -> header.requirePlace(NONCE, 78)).hasMessageContaining("another place");
        assertThatThrownBy(() -> header.requirePlace(new UUID(1, 3), 77)).hasMessageContaining("another segment");
    }

    @Test
    void noFlippedBitOfTheUsedPartIsAccepted() {
        ChunkKey key = ChunkKey.of("ns", new byte[] {1, 2, 3});
        new Chunk(STAMP, key, 70_000, false, BlockChecksums.of(new int[] {5, 6})).encode(block);
        int used = block.getInt(12);
        for (int bit = 0; bit < used * 8; bit++) {
            int at = bit / 8;
            byte good = block.get(at);
            block.put(at, (byte) (good ^ (1 << (bit % 8))));
            assertThatThrownBy(() -> RecordHeader.decode(block)).isInstanceOf(CorruptRecordException.class);
            block.put(at, good);
        }
    }

    @Test
    void garbageWithARightChecksumIsRefusedToo() {
        Random random = new Random(7);
        for (int round = 0; round < 20_000; round++) {
            new Chunk(STAMP, ChunkKey.of("some key"), 70_000, false, BlockChecksums.of(new int[] {5, 6})).encode(block);
            int used = block.getInt(12);
            int at = 8 + random.nextInt(used - 12);
            if (at >= 12 && at < 16) {
                continue;
            }
            block.put(at, (byte) random.nextInt(256));
            block.clear().position(used - 4);
            BlockFormat.seal(block);
            try {
                // A changed key, sequence or checksum is a right record; what matters is that nothing else happens.
                assertThat(RecordHeader.decode(block)).isNotNull();
            } catch (CorruptRecordException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    @Test
    void segmentHeaderAndTrailer() throws Exception {
        SegmentHeader header = new SegmentHeader(9, new UUID(3, 4), "node-with-a-long.name", 12, NONCE, 1234, 1L << 30);
        header.encode(block);
        assertThat(SegmentHeader.decode(block)).isEqualTo(header);

        SegmentTrailer trailer = new SegmentTrailer(NONCE, 5, 2, 99, 777);
        trailer.encode(block);
        assertThat(SegmentTrailer.decode(block, NONCE, 1L << 20)).isEqualTo(trailer);
        assertThatThrownBy(() -> SegmentTrailer.decode(block, new UUID(0, 0), 1L << 20))
                .isInstanceOf(CorruptRecordException.class);
        assertThatThrownBy(() -> SegmentTrailer.decode(block, NONCE, 7 * Blocks.BLOCK_BYTES))
                .isInstanceOf(CorruptRecordException.class)
                .hasMessageContaining("no sense");
    }

    @Test
    void anUnknownVersionOfASegmentIsNamed() {
        new SegmentHeader(9, new UUID(3, 4), "n", 12, NONCE, 1234, 1L << 30).encode(block);
        int used = block.getInt(12);
        block.putShort(8, (short) 2);
        block.clear().position(used - 4);
        BlockFormat.seal(block);
        assertThatThrownBy(() -> SegmentHeader.decode(block))
                .isInstanceOfSatisfying(
                        DamagedSegmentException.class,
                        e -> assertThat(e.damage()).isEqualTo(SegmentDamage.UNKNOWN_VERSION));
    }

    @Test
    void whatAnIndexAreaTakesIsNeverUnderestimated() {
        Random random = new Random(3);
        for (int round = 0; round < 20; round++) {
            long bytes = 0;
            int blocks = 1;
            IndexBlock.Writer writer = new IndexBlock.Writer(block);
            for (int i = 0; i < 2000; i++) {
                IndexEntry entry = new IndexEntry(
                        new KeyDigest(i, i), i, 1 + i, 1, false, ChunkKey.of(new byte[1 + random.nextInt(1024)]));
                bytes += entry.sizeBytes();
                if (!writer.add(entry)) {
                    blocks++;
                    writer = new IndexBlock.Writer(block);
                    assertThat(writer.add(entry)).isTrue();
                }
            }
            assertThat(IndexBlock.blocksFor(bytes)).isBetween(blocks, blocks + 2);
        }
    }
}
