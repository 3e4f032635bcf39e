package kvstore.server.resp;

import java.util.List;

/**
 * What follows the value in a SET.
 *
 * @param presence under which condition it stores
 * @param atMillis when the key ends, on the wall clock; 0 for no end
 * @param keepsExpiry whether an end that the key has already stays
 */
record SetOptions(Presence presence, long atMillis, boolean keepsExpiry) {
    /** Which keys may be set. */
    enum Presence {
        ANY,
        ABSENT,
        PRESENT;

        boolean allows(boolean present) {
            return switch (this) {
                case ANY -> true;
                case ABSENT -> !present;
                case PRESENT -> present;
            };
        }
    }

    /** Longest expiry, a bit over 30 years: what is longer is a mistake, and sums with the clock must not overflow. */
    private static final long MAX_MILLIS = 1_000_000_000_000L;

    /**
     * Reads EX, PX, EXAT, PXAT, KEEPTTL, NX and XX.
     *
     * @param arguments all of the command
     * @param nowMillis the wall clock
     * @throws IllegalArgumentException if they are not as they should be; the message is Redis' own
     */
    static SetOptions parse(List<Argument> arguments, long nowMillis) {
        Presence presence = Presence.ANY;
        long atMillis = 0;
        boolean keeps = false;
        for (int i = 3; i < arguments.size(); i++) {
            String word = arguments.get(i).word();
            switch (word) {
                case "NX", "XX" -> {
                    require(presence == Presence.ANY);
                    presence = word.equals("NX") ? Presence.ABSENT : Presence.PRESENT;
                }
                case "KEEPTTL" -> {
                    require(atMillis == 0 && !keeps);
                    keeps = true;
                }
                case "EX", "PX", "EXAT", "PXAT" -> {
                    require(atMillis == 0 && !keeps && i + 1 < arguments.size());
                    long number = number(arguments.get(++i));
                    long millis = word.startsWith("EX") ? Math.multiplyExact(number, 1000L) : number;
                    atMillis = word.endsWith("AT") ? millis : nowMillis + millis;
                    if (number <= 0 || atMillis > nowMillis + MAX_MILLIS) {
                        throw new IllegalArgumentException("ERR invalid expire time in 'set' command");
                    }
                }
                default -> require(false);
            }
        }
        return new SetOptions(presence, atMillis, keeps);
    }

    private static long number(Argument argument) {
        try {
            long number = Long.parseLong(argument.text());
            return Math.clamp(number, -MAX_MILLIS * 4, MAX_MILLIS * 4);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("ERR value is not an integer or out of range", e);
        }
    }

    private static void require(boolean right) {
        if (!right) {
            throw new IllegalArgumentException("ERR syntax error");
        }
    }
}
