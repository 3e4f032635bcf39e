package kvstore.client.lmcache;

import java.util.regex.Pattern;

/**
 * A key of the multiprocess mode, as LMCache's {@code ObjectKey} (0.5.6, {@code v1/distributed/api.py}).
 *
 * @param model at least one character, no {@code @} and no control characters
 * @param kvRank which slice of the KV cache, 32 bits unsigned
 * @param objectGroup 0 but for hybrid models
 * @param hash the chained hash, 1 to 64 bytes in lower-case hexadecimal digits
 * @param salt empty, or what separates one user's chunks: at most 128 characters, none of {@code @ / \} and control
 *     characters
 */
public record ObjectKey(String model, int kvRank, int objectGroup, String hash, String salt) implements CacheKey {
    private static final int MAX_SALT = 128;
    private static final Pattern HASH = Pattern.compile("(?:[0-9a-f]{2}){1,64}");

    public ObjectKey {
        if (model.isEmpty() || model.indexOf('@') >= 0 || Text.isOdd(model)) {
            throw new IllegalArgumentException("a model's name with no characters, an '@' or control characters");
        }
        if (objectGroup < 0) {
            throw new IllegalArgumentException("object group " + objectGroup + " is negative");
        }
        if (!HASH.matcher(hash).matches()) {
            throw new IllegalArgumentException("a hash is 1 to 64 bytes in lower-case hexadecimal digits");
        }
        if (salt.length() > MAX_SALT
                || salt.chars().anyMatch(c -> c == '@' || c == '/' || c == '\\')
                || Text.isOdd(salt)) {
            throw new IllegalArgumentException("a salt has at most 128 characters and none of @ / \\");
        }
    }

    /** The rank in 8 hexadecimal digits, as every textual form has it. */
    String rankDigits() {
        return "%08x".formatted(kvRank);
    }

    String groupDigits() {
        return Integer.toHexString(objectGroup);
    }

    /**
     * From the fields of a textual form.
     *
     * @throws UnusableException with {@link SkipReason#ODD_NAME} if a field is not written as LMCache writes it
     */
    static ObjectKey of(String model, String rank, String group, String hash, String salt) throws UnusableException {
        if (!Text.isCanonicalHex(group) || group.length() > 8 || rank.length() != 8) {
            throw new UnusableException(
                    SkipReason.ODD_NAME,
                    "rank '%s' or object group '%s' is not as LMCache writes it".formatted(rank, group));
        }
        try {
            ObjectKey key =
                    new ObjectKey(model, Integer.parseUnsignedInt(rank, 16), Integer.parseInt(group, 16), hash, salt);
            if (!key.rankDigits().equals(rank)) {
                throw new UnusableException(SkipReason.ODD_NAME, "rank '" + rank + "' is not 8 lower-case digits");
            }
            return key;
        } catch (IllegalArgumentException e) {
            throw new UnusableException(SkipReason.ODD_NAME, String.valueOf(e.getMessage()));
        }
    }
}
