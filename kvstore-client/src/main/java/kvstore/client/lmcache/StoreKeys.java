package kvstore.client.lmcache;

import kvstore.api.ChunkKey;

/**
 * Under which key, and in which form, an LMCache engine that uses this store finds a chunk. The only place that knows.
 *
 * <table>
 *   <caption>The doors</caption>
 *   <tr><th>mode</th><th>doors</th><th>key</th><th>value</th></tr>
 *   <tr><td>multiprocess</td><td>{@code native_plugin}, {@code resp}</td>
 *     <td>{@code model@%08x(rank)@%x(group)@hash[@salt]}</td><td>the bytes</td></tr>
 *   <tr><td>in-process</td><td>{@code plugin://kvstore}</td>
 *     <td>as {@code CacheEngineKey.to_string()} prints it</td><td>{@link EngineValue}</td></tr>
 * </table>
 */
final class StoreKeys {
    private StoreKeys() {}

    /** The key that the engine will ask for. */
    static ChunkKey of(CacheKey key) throws UnusableException {
        String text = switch (key) {
            case ObjectKey object -> text(object);
            case EngineKey engine -> engine.text();
        };
        try {
            return ChunkKey.of(text);
        } catch (IllegalArgumentException e) {
            throw new UnusableException(SkipReason.ODD_NAME, String.valueOf(e.getMessage()));
        }
    }

    /**
     * The other way round.
     *
     * @throws UnusableException with {@link SkipReason#NOT_NAMEABLE} if no engine asks for keys such as this
     */
    static CacheKey parse(ChunkKey stored) throws UnusableException {
        String text = stored.toString();
        if (!ChunkKey.of(text).equals(stored)) {
            throw new UnusableException(SkipReason.NOT_NAMEABLE, "no key of LMCache: it is not text");
        }
        String[] fields = text.split("@", -1);
        try {
            // a rank has 8 digits, a world size has fewer: the two forms cannot be confused
            boolean object = (fields.length == 4 || fields.length == 5) && fields[1].length() == 8;
            return object
                    ? ObjectKey.of(fields[0], fields[1], fields[2], fields[3], fields.length == 5 ? fields[4] : "")
                    : EngineKey.parse(text);
        } catch (UnusableException e) {
            throw new UnusableException(SkipReason.NOT_NAMEABLE, "no key of LMCache 0.5.6: " + e.getMessage());
        }
    }

    private static String text(ObjectKey key) {
        String base = "%s@%s@%s@%s".formatted(key.model(), key.rankDigits(), key.groupDigits(), key.hash());
        return key.salt().isEmpty() ? base : base + "@" + key.salt();
    }
}
