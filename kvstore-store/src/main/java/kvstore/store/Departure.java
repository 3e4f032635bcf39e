package kvstore.store;

import java.util.Locale;

/**
 * Why a value is not here any more, or never came.
 *
 * @param millis time of day since 1970, to the second
 * @param segment that it lay in; 0 if it lay in none
 * @param length of the value in bytes; 0 if not known
 */
public record Departure(Cause cause, long millis, int segment, long length) {
    /** What happened. */
    public enum Cause {
        /** Its segment was evicted to make room. */
        EVICTED(1),
        /** Nobody wanted it for longer than values are kept. */
        EXPIRED(2),
        /** A client deleted it. */
        DELETED(3),
        /** What lay on disk was not what had been put. */
        CORRUPT(4),
        /** A value of another length took its place. */
        REPLACED(5),
        /** Its put ended before it was complete: the client went away, or a write failed. */
        ABORTED(6),
        /** Its put was refused: no space on the file system, or nothing that could be evicted. */
        SHED_NO_SPACE(7),
        /** Its put was refused: the file system failed. */
        SHED_IO_ERROR(8),
        /** Its put was refused: the store was closing. */
        SHED_STOPPING(9),
        /** Its put was refused: no memory for its payload. */
        SHED_NO_MEMORY(10),
        /** Its put was refused: it would have been more than its owner's quota. */
        SHED_OVER_QUOTA(11);

        private final int code;

        Cause(int code) {
            this.code = code;
        }

        /** Its number in {@link Ghosts}; never 0. */
        int code() {
            return code;
        }

        static Cause of(int code) {
            for (Cause cause : values()) {
                if (cause.code == code) {
                    return cause;
                }
            }
            throw new IllegalArgumentException("no cause has the code " + code);
        }

        /** The word used on the wire and by {@code kvstore explain}. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Cause of(ShedReason reason) {
            return switch (reason) {
                case NO_SPACE -> SHED_NO_SPACE;
                case OVER_QUOTA -> SHED_OVER_QUOTA;
                case IO_ERROR -> SHED_IO_ERROR;
                case STOPPING -> SHED_STOPPING;
            };
        }
    }
}
