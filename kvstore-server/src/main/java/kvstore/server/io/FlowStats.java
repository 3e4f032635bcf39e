package kvstore.server.io;

/**
 * How one direction does.
 *
 * @param engineBytes bytes that the engine has been asked for and has not moved yet
 * @param lineBytes bytes that wait until it may be asked
 * @param bytesPerSecond what the disk moved lately while it was busy; 0 while that is not known
 * @param overdue operations that the engine has had for longer than anybody waits
 * @param open whether nothing is asked of the disk
 * @param trouble why, for people; empty if it is asked
 * @param opened how often that began
 * @param refused operations that were not tried because of it
 */
public record FlowStats(
        long engineBytes,
        long lineBytes,
        long bytesPerSecond,
        int overdue,
        boolean open,
        String trouble,
        long opened,
        long refused) {
    /** Bytes that were asked for and have not been moved, with the engine or in line. */
    public long outstandingBytes() {
        return engineBytes + lineBytes;
    }
}
