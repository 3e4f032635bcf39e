package kvstore.bench.load;

import java.util.Locale;

/** What {@code --peers} can name. */
enum PeerKind {
    /** This project as LMCache sees it. */
    KVSTORE,
    /** This project as a client sees it that shares its memory: the path of LMCache's L1 in shared memory. */
    IN_PLACE,
    /** LMCache's own backend for file systems. */
    FS_NATIVE,
    /** This project as the Java client sees it, with latency of lookups and the daemon's heap. */
    CLIENT,
    /** This project as LMCache sees it through its own adapter for Redis. */
    RESP,
    /** Redis, through the same adapter. */
    REDIS,
    /** This project over LMCache's own protocol: latency of single values only. */
    LM,
    /** LMCache's own server of that protocol: latency of single values only. */
    LM_SERVER,
    /** The disk. */
    FIO;

    /** As on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether our daemon is needed. */
    boolean isOurs() {
        return this == KVSTORE || this == IN_PLACE || this == CLIENT || this == RESP || this == LM;
    }
}
