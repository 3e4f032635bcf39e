package kvstore.store;

/** The latest use of any chunk of each segment, gathered in one walk over the index. */
final class LastUses {
    private final int firstSegment;
    private final int[] seconds;

    /** For segments with identities in this range, both ends included; others are ignored. */
    LastUses(int firstSegment, int lastSegment) {
        this.firstSegment = firstSegment;
        this.seconds = new int[lastSegment - firstSegment + 1];
    }

    void see(int segment, int lastUse) {
        int at = segment - firstSegment;
        if (at >= 0 && at < seconds.length) {
            seconds[at] = Math.max(seconds[at], lastUse);
        }
    }

    /** 0 if the segment has no visible chunk. */
    int of(int segment) {
        return seconds[segment - firstSegment];
    }
}
