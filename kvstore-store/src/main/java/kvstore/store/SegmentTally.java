package kvstore.store;

/** What each segment holds that is visible, gathered in one walk over the index. */
final class SegmentTally {
    private final int firstSegment;
    private final int[] chunks;
    private final long[] bytes;
    private final int[] readChunks;
    private final int[] lastUseSeconds;

    /** For segments with identities in this range, both ends included; others are ignored. */
    SegmentTally(int firstSegment, int lastSegment) {
        int count = lastSegment - firstSegment + 1;
        this.firstSegment = firstSegment;
        this.chunks = new int[count];
        this.bytes = new long[count];
        this.readChunks = new int[count];
        this.lastUseSeconds = new int[count];
    }

    void see(int segment, int length, int lastUse, boolean read) {
        int at = segment - firstSegment;
        if (at >= 0 && at < chunks.length) {
            chunks[at]++;
            bytes[at] += length;
            readChunks[at] += read ? 1 : 0;
            lastUseSeconds[at] = Math.max(lastUseSeconds[at], lastUse);
        }
    }

    boolean isEmpty(int segment) {
        return chunks[segment - firstSegment] == 0;
    }

    SegmentStats stats(Segment segment) {
        int at = segment.id() - firstSegment;
        return new SegmentStats(
                segment.id(),
                segment.file().file(),
                segment.header().createdMillis(),
                segment.chargedBytes(),
                chunks[at],
                bytes[at],
                readChunks[at],
                lastUseSeconds[at] * 1000L,
                segment.held());
    }
}
