package kvstore.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Moves extents of files from and to {@link Buffer}s.
 *
 * <p>Opening, creating and asking for space are blocking and rare; they never lie on the way of a put or a get. Reads
 * and writes go through the {@link IoFile} that is handed out, on the engine's own bounded threads. An engine is
 * thread-safe.
 */
public interface IoEngine extends AutoCloseable {
    /** The way the bytes take, for logs, metrics and {@code kvstore stat}. */
    IoPath path();

    /** Why it is this way, in a sentence for an operator. */
    String reason();

    /**
     * Creates a file of exactly {@code sizeBytes}, with its space allocated where the file system can.
     *
     * @param sizeBytes a positive multiple of {@link Blocks#BLOCK_BYTES}
     * @throws IoFailure {@code NO_SPACE} if it does not fit, {@code EXISTS} if the name is taken; no file is left behind
     */
    IoFile create(Path file, long sizeBytes) throws IoFailure;

    /**
     * Opens a file for reading and writing of its existing extents.
     *
     * @throws IoFailure {@code NOT_FOUND} if there is none
     */
    IoFile open(Path file) throws IoFailure;

    /** What the file system under {@code directory} is and has left. */
    FileSystemFacts facts(Path directory) throws IoFailure;

    /**
     * The bytes of disk that are allocated to a file or directory, as {@code du} counts them. More than its size where the
     * file system needs blocks to find the others, less where it has holes. An engine that cannot know answers with the
     * size.
     *
     * @throws IoFailure {@code NOT_FOUND} if there is none
     */
    default long allocatedBytes(Path file) throws IoFailure {
        try {
            return Files.size(file);
        } catch (NoSuchFileException e) {
            throw new IoFailure(IoFailure.Kind.NOT_FOUND, 0, "size of " + file + ": it does not exist");
        } catch (IOException e) {
            throw new IoFailure(IoFailure.Kind.IO, 0, "size of " + file + ": " + e);
        }
    }

    /** Waits for what is under way, then lets go of the threads. Files must be closed before. Idempotent. */
    @Override
    void close();
}
