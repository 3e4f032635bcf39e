package kvstore.store;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.KeyDigest;

/**
 * Sealed segments as a long life leaves them, without payload: header, index area and trailer are what the store itself
 * would write, the records between are holes in the file. A start reads no more than these.
 *
 * @param node directory of the node, which must be one already
 * @param identity of that node
 * @param segmentBytes size of each file, in bytes; it takes only what is written
 * @param valueBytes length of every value
 */
record GeneratedSegments(Path node, PoolIdentity identity, long segmentBytes, long valueBytes) {
    /** The key of one chunk: as long as those of LMCache are. */
    static ChunkKey key(long chunk) {
        String hash = HexFormat.of().toHexDigits(chunk * 0x9E3779B97F4A7C15L);
        return ChunkKey.of("meta-llama/Llama-3.3-70B-Instruct@8@" + chunk % 8 + "@" + hash + "@bfloat16");
    }

    /** Writes segments from number 1 on until they list so many chunks. */
    void write(IoEngine engine, int chunks) {
        int perSegment = perSegment();
        Path pool = node.resolve("../..").normalize();
        try (NodeDirectory directory = NodeDirectory.look(pool, identity.pool(), identity.node(), false)) {
            Volume volume = new Volume(pool, directory, new Geometry(0, segmentBytes), engine, Environment.system());
            IntStream.range(0, (chunks + perSegment - 1) / perSegment)
                    .parallel()
                    .forEach(i -> {
                        try {
                            write(engine, volume, i + 1, i * perSegment, Math.min(chunks, (i + 1) * perSegment));
                        } catch (IoFailure e) {
                            throw new AssertionError(e);
                        }
                    });
        } catch (StoreException e) {
            throw new AssertionError(e);
        }
    }

    private int perSegment() {
        long record = 1 + Blocks.count(valueBytes);
        int perIndexBlock = Blocks.BLOCK_BYTES / IndexEntry.bytesFor(key(0)) - 1;
        long blocks = segmentBytes / Blocks.BLOCK_BYTES - Geometry.FRAME_BLOCKS;
        return (int) ((blocks - 1) * perIndexBlock / (record * perIndexBlock + 1));
    }

    private void write(IoEngine engine, Volume volume, int id, int from, int to) throws IoFailure {
        UUID nonce = new UUID(id, 42);
        SegmentHeader header = new SegmentHeader(
                id, identity.pool(), identity.node(), identity.epoch(), nonce, 1_790_000_000_000L, segmentBytes);
        IoFile file = engine.create(node.resolve(HexFormat.of().toHexDigits((long) id) + ".seg"), segmentBytes);
        try (Arena arena = Arena.ofConfined()) {
            HostBuffer block = new HostBuffer(arena.allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES));
            header.encode(block.memory().asByteBuffer());
            Io.await(file.write(0, block));
            List<IndexEntry> entries = new ArrayList<>();
            int at = 1;
            for (int chunk = from; chunk < to; chunk++) {
                ChunkKey key = key(chunk);
                entries.add(new IndexEntry(KeyDigest.of(key), 1 + chunk, at, (int) valueBytes, false, key));
                at += 1 + (int) Blocks.count(valueBytes);
            }
            IndexArea.write(Segment.found(volume, header, file), entries, at, 1_790_000_000_000L, block);
        } finally {
            file.close();
        }
    }
}
