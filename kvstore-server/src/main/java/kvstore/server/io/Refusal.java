package kvstore.server.io;

/** Why something is not asked of the disk. */
public enum Refusal {
    /** So much waits already that this would not end in time. */
    OVERLOADED,
    /** It does not answer, or fails whatever it is asked. */
    UNAVAILABLE
}
