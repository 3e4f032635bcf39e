package kvstore.client.lmcache;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * A key of the in-process mode, as LMCache's {@code CacheEngineKey} and {@code LayerCacheEngineKey} print themselves
 * (0.5.6, {@code utils.py}): {@code model@world_size@worker_id@hash@dtype[@layer][@tag%value ...]}.
 *
 * @param text the whole of it. What LMCache prints is kept to the letter: a hash of bytes with leading zeros does not
 *     survive being read and printed
 * @param model its first field
 * @param hash its fourth
 * @param dtype its fifth
 * @param namesLayer whether it is the key of one layer
 */
public record EngineKey(String text, String model, String hash, String dtype, boolean namesLayer) implements CacheKey {
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,6}");
    private static final Pattern HASH = Pattern.compile("-?[0-9a-f]{1,128}");
    private static final Set<String> DTYPES = Set.of(
            "half",
            "bfloat16",
            "float",
            "double",
            "int8",
            "uint8",
            "int16",
            "int32",
            "int64",
            "bool",
            "fp8_e4m3fn",
            "fp8_e4m3fnuz",
            "fp8_e5m2",
            "fp8_e5m2fnuz");

    private static final int FIRST_TAG = 5;

    /**
     * Reads the textual form.
     *
     * @throws UnusableException with {@link SkipReason#ODD_NAME} for anything else, older forms among it
     */
    static EngineKey parse(String text) throws UnusableException {
        String[] fields = text.split("@", -1);
        if (fields.length < FIRST_TAG) {
            throw odd("%d of the 5 fields model@world_size@worker_id@hash@dtype".formatted(fields.length));
        }
        if (fields[0].isEmpty() || Text.isOdd(text)) {
            throw odd("no model, or control characters");
        }
        if (!NUMBER.matcher(fields[1]).matches() || !NUMBER.matcher(fields[2]).matches()) {
            throw odd("'%s' and '%s' are no world size and worker id".formatted(fields[1], fields[2]));
        }
        if (!HASH.matcher(fields[3]).matches()) {
            throw odd("'" + fields[3] + "' is no hash");
        }
        if (!DTYPES.contains(fields[4])) {
            throw odd("'" + fields[4] + "' is no dtype of LMCache 0.5.6");
        }
        boolean namesLayer =
                fields.length > FIRST_TAG && NUMBER.matcher(fields[FIRST_TAG]).matches();
        for (int i = namesLayer ? FIRST_TAG + 1 : FIRST_TAG; i < fields.length; i++) {
            if (fields[i].indexOf('%') < 1) {
                throw odd("'" + fields[i] + "' is neither a layer nor a tag%value");
            }
        }
        return new EngineKey(text, fields[0], fields[3], fields[4], namesLayer);
    }

    private static UnusableException odd(String what) {
        return new UnusableException(SkipReason.ODD_NAME, what);
    }
}
