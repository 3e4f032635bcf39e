package kvstore.store;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a key is, or why it is not. */
public sealed interface Explanation {
    /**
     * What the store remembers of an earlier value of the key, or of a put that was refused; null for nothing. The memory
     * is bounded and does not survive a restart.
     */
    @Nullable
    Departure last();

    /**
     * A get would find it. Times are since 1970.
     *
     * @param segment number of the segment
     * @param file of that segment
     * @param offset of the record's header in the file, in bytes; the payload follows one block later
     * @param length of the value, in bytes
     * @param segmentCreatedMillis when the segment was begun
     * @param storedMillis when the value was put; 0 if its header cannot be read or is not the one that was written
     * @param lastUsedMillis when somebody last put, looked up or got it, to the second; after a restart, when the segment
     *     was begun
     * @param leases that protect its segment
     * @param held whether its segment cannot be evicted now: a lease, a get or a put holds it
     */
    record Here(
            int segment,
            Path file,
            long offset,
            long length,
            long segmentCreatedMillis,
            long storedMillis,
            long lastUsedMillis,
            int leases,
            boolean held,
            @Nullable Departure last)
            implements Explanation {}

    /**
     * A put is under way.
     *
     * @param length of its value, in bytes
     */
    record InFlight(long length, @Nullable Departure last) implements Explanation {}

    /**
     * A get misses now and will find it again: its directory is set aside.
     *
     * @param segment number of the segment
     * @param file of that segment
     * @param length of the value, in bytes
     * @param reason why the directory is set aside, for people
     */
    record Away(
            int segment,
            Path file,
            long length,
            String reason,
            @Nullable Departure last) implements Explanation {}

    /**
     * A get would miss. With {@code last} null, it was never stored or that is longer ago than is remembered.
     *
     * @param namespaces others that hold a value under the same key bytes
     * @param unread whether there is a directory that has not answered since before the start: what lies in it is not known,
     *     so the key may
     */
    record Absent(@Nullable Departure last, List<String> namespaces, boolean unread) implements Explanation {
        public Absent {
            namespaces = List.copyOf(namespaces);
        }
    }
}
