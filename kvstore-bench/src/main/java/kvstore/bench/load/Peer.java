package kvstore.bench.load;

import java.util.Optional;

/** Something that stores and loads chunks, and can be measured. */
interface Peer {
    /** For the table. */
    String name();

    /** Why it cannot be measured here, and what would change that. */
    Optional<String> missing();

    /**
     * Stores {@link LoadPlan#count} chunks and loads them, and leaves nothing of them on the disk.
     *
     * @throws kvstore.client.cli.CommandFailure if that fails as a whole, or bytes come back wrong
     */
    Sample measure(LoadPlan plan, long chunkBytes);
}
