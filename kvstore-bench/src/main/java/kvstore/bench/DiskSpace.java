package kvstore.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Words;

/** Asks for space before anything is written. */
public final class DiskSpace {
    /** For logs, and for what other programs write meanwhile. */
    private static final long SLACK_BYTES = 256L << 20;

    private DiskSpace() {}

    /**
     * Checks that {@code directory} exists and that its file system has room.
     *
     * @param neededBytes what will be written at most
     * @param cure what the caller can do if there is less, such as "take fewer tokens with --tokens"
     * @throws CommandFailure if there is no such directory, or it has not as much
     */
    public static void require(Path directory, long neededBytes, String cure) {
        if (!Files.isDirectory(directory)) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "there is no directory " + directory + ": make it, or name another with --directory");
        }
        long wanted = neededBytes + SLACK_BYTES;
        long available = available(directory);
        if (available < wanted) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "%s is needed in %s, and %s is available there: %s; nothing was written"
                            .formatted(Words.size(wanted), directory, Words.size(available), cure));
        }
    }

    private static long available(Path directory) {
        try {
            return Files.getFileStore(directory).getUsableSpace();
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot ask for the free space of " + directory + ": " + e, e);
        }
    }
}
