package kvstore.server.metrics;

/**
 * What scrubs did since the start.
 *
 * @param progress of the one in the background, 0 to 1
 * @param completedMillis since 1970; 0 for never
 */
public record ScrubFigures(
        long goodRecords,
        long badRecords,
        long unreadRecords,
        long bytes,
        boolean running,
        double progress,
        long completedMillis) {}
