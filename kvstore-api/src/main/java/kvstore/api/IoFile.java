package kvstore.api;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * An open file of an {@link IoEngine}. Thread-safe: extents that do not overlap may be read and written at the same time.
 *
 * <p>Every offset is a non-negative multiple of {@link Blocks#BLOCK_BYTES}; anything else throws
 * {@link IllegalArgumentException} from the call itself, because it is a mistake of the program. So do an empty buffer and
 * a write past {@link #sizeBytes()}, which would take space that nobody accounts for. Failures of the world complete the
 * future with an {@link IoFailure}.
 *
 * <p>Only the engine completes a future that is handed out, on one of its own threads: cancelling it has no effect, since
 * its buffer stays in use, and what is chained to it without an executor delays the next operation.
 */
public interface IoFile extends AutoCloseable {
    Path file();

    /** Size of the file when it was opened or created, in bytes. */
    long sizeBytes();

    /**
     * Fills the whole buffer from the file.
     *
     * <p>Completes with {@code SHORT} if the file ends before the buffer is full; the buffer's content is then undefined.
     */
    CompletableFuture<Void> read(long offset, Buffer destination);

    /**
     * Writes the whole buffer to the file. When the future completes normally the bytes are in the file for every later
     * reader of this machine, also after this process is killed. What a power loss may take is the file system's matter:
     * nothing on Lustre, whose servers commit a direct write before they answer it.
     *
     * <p>After a failure, any part of the extent may have been written.
     */
    CompletableFuture<Void> write(long offset, Buffer source);

    /**
     * Closes the descriptor once the operations under way have ended. Idempotent. Operations that start later complete
     * with {@code CLOSED}.
     */
    @Override
    void close();
}
