package kvstore.store;

import java.nio.file.Path;

/**
 * One segment file in use, at one moment.
 *
 * @param id its number; newer ones have higher numbers
 * @param createdMillis when it was begun, since 1970
 * @param bytes what it takes of the disk
 * @param chunks visible chunks in it
 * @param chunkBytes their payload
 * @param readChunks those of them that were used since they were written there
 * @param lastUsedMillis when any of them was last used, to the second, since 1970; after a restart, when the segment was
 *     begun; 0 if there is none
 * @param held whether it cannot be evicted now: a put, a get or a lease holds it, or it is written
 */
public record SegmentStats(
        int id,
        Path file,
        long createdMillis,
        long bytes,
        long chunks,
        long chunkBytes,
        long readChunks,
        long lastUsedMillis,
        boolean held) {}
