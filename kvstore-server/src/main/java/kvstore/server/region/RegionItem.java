package kvstore.server.region;

import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.Region;

/**
 * A chunk and its place in a region, checked against the region's size.
 *
 * @param offset where the value begins in the region, in bytes
 * @param length of the value, in bytes
 */
public record RegionItem(ChunkKey key, long offset, long length) {
    /**
     * How much of the value the engine can move in place, in bytes: all whole blocks, or nothing where the memory is not
     * aligned for direct I/O. The rest goes through the daemon's memory, because direct I/O moves whole blocks and what
     * lies behind the value in the region is somebody else's.
     */
    long inPlaceBytes(Region region) {
        return region.isAligned(offset) ? length / Blocks.BLOCK_BYTES * Blocks.BLOCK_BYTES : 0;
    }
}
