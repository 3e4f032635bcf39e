package kvstore.gds;

/**
 * Something that this machine has, or the reason why it does not. Missing hardware is no error: the daemon runs without.
 *
 * @param <T> what it is
 */
public sealed interface Availability<T> {
    /** It is there. */
    record Available<T>(T value) implements Availability<T> {}

    /**
     * It is not there.
     *
     * @param reason a sentence for an operator, with what was looked for and what was found
     */
    record Unavailable<T>(String reason) implements Availability<T> {}
}
