package kvstore.lustre;

import java.nio.file.Path;

/** How many bytes the project that a directory's new files belong to may have on its file system. */
public sealed interface ProjectQuota {
    /**
     * There is a limit.
     *
     * @param project its number, above zero
     * @param limitBytes the soft limit, or the hard one where there is no soft one: writers are refused past the soft
     *     one as soon as its time of grace is over
     * @param usedBytes what is used now, by every file of the project; may be more than the limit
     */
    record Limited(long project, long limitBytes, long usedBytes) implements ProjectQuota {
        /** What is left, not below zero. */
        public long availableBytes() {
            return Math.max(0, limitBytes - usedBytes);
        }
    }

    /**
     * No limit is known.
     *
     * @param reason a sentence for an operator
     */
    record Unavailable(String reason) implements ProjectQuota {}

    /**
     * Asks the file system. On Lustre these are calls to a metadata server and, depending on its version, to every
     * object server: not more often than once in some seconds, and on a thread that may hang with them.
     *
     * @throws IllegalStateException if the Java runtime denies native calls; the message has the flag that allows them
     */
    static ProjectQuota of(Path directory) {
        NativeAccess.require();
        return new ProjectQuotas(Libc.INSTANCE).of(directory);
    }
}
