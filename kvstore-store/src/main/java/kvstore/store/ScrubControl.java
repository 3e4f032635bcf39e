package kvstore.store;

/** Lets a scrub go on, and is told what it sees. Called on the thread that scrubs, outside every lock. */
public interface ScrubControl {
    /**
     * Is asked before each read. May wait: a scrub has nothing else to do, and holds one segment at most meanwhile.
     *
     * @param bytes of that read, 1 MiB at most
     * @return false to end the scrub
     */
    boolean mayRead(long bytes);

    /** After each record and each segment: what was seen so far. */
    default void seen(ScrubReport soFar) {}

    /** A record is not what was put. */
    default void bad(BadRecord record) {}
}
