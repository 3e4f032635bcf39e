package kvstore.client.lmcache;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import kvstore.api.ChunkKey;
import org.jspecify.annotations.Nullable;

/**
 * A file of a tree that can be imported, and what of it.
 *
 * @param file absolute
 * @param named what its name says
 * @param key under which it will be stored
 * @param offset where in the file the bytes of the chunk begin
 * @param length of the chunk, in bytes, at least 1
 * @param tail what follows them in the value
 * @param stamp to tell that it was not touched between a look and a read
 */
public record TreeChunk(
        Path file, TreeNames.Named named, ChunkKey key, long offset, long length, Tail tail, Stamp stamp) {

    /** Bytes that end a value. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record Tail(byte[] bytes) {}

    /**
     * A version of a file.
     *
     * @param bytes its length
     * @param inode its identity, where the file system has one
     */
    record Stamp(long bytes, FileTime modified, @Nullable Object inode) {}

    /** Length of the file, in bytes. */
    public long fileBytes() {
        return stamp.bytes();
    }

    /** Length of the value in the store, in bytes. */
    public long valueBytes() {
        return length + tail.bytes().length;
    }
}
