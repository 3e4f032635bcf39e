package kvstore.store;

import java.util.List;
import kvstore.api.ChunkKey;

/**
 * A part of the answer to {@link ChunkStore#list}.
 *
 * @param chunks oldest segment first; may be empty although more follow
 * @param nextPageToken for the next call, 16 hexadecimal digits; empty at the end
 * @param unreadableSegments segments of this part whose keys could not be read and are not listed
 */
public record ListPage(List<ListedChunk> chunks, String nextPageToken, int unreadableSegments) {
    /**
     * One chunk.
     *
     * @param length in bytes
     * @param segment identity of its segment file
     */
    public record ListedChunk(ChunkKey key, long length, long segment) {}
}
