package kvstore.client;

import kvstore.v1.MissReason;

/** What became of one key of a get. */
public sealed interface GetResult {
    /**
     * The memory holds the value, and the daemon verified every byte.
     *
     * @param length in bytes
     */
    record Hit(long length) implements GetResult {}

    /** There is no such value; the content of the memory is undefined. */
    record Miss(MissReason reason) implements GetResult {}

    default boolean isHit() {
        return this instanceof Hit;
    }
}
