package kvstore.api;

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

    /** Waits for what is under way, then lets go of the threads. Files must be closed before. Idempotent. */
    @Override
    void close();
}
