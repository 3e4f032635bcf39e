package kvstore.server.clear;

/**
 * What a clear did so far.
 *
 * @param chunks that matched, and were forgotten unless they were only counted
 * @param bytes their lengths
 * @param unreadableSegments whose keys could not be read, so that their chunks were left alone
 * @param complete whether it came to its end
 */
public record ClearReport(long chunks, long bytes, int unreadableSegments, boolean complete) {
    static final ClearReport NOTHING = new ClearReport(0, 0, 0, false);

    ClearReport plus(long moreChunks, long moreBytes, int moreUnreadable) {
        return new ClearReport(chunks + moreChunks, bytes + moreBytes, unreadableSegments + moreUnreadable, complete);
    }

    ClearReport ended() {
        return new ClearReport(chunks, bytes, unreadableSegments, true);
    }
}
