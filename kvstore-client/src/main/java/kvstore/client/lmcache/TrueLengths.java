package kvstore.client.lmcache;

import java.util.Map;
import java.util.OptionalLong;

/**
 * How long chunks really are, for trees whose files are rounded up: {@code nixl_store_dynamic} writes whole pages of
 * {@code --l1-align-bytes}, and so does {@code fs_native} with O_DIRECT. The file does not say where the chunk ends, and
 * an engine asks for exactly its length.
 *
 * @param byObjectGroup in bytes; a group that is not here has files that are as long as its chunks
 */
public record TrueLengths(Map<Integer, Long> byObjectGroup) {
    /** No file is rounded up. */
    public static final TrueLengths AS_FILES = new TrueLengths(Map.of());

    public TrueLengths {
        byObjectGroup = Map.copyOf(byObjectGroup);
        byObjectGroup.forEach((group, length) -> {
            if (group < 0 || length < 1) {
                throw new IllegalArgumentException(
                        "a true length needs a group from 0 and at least 1 byte, not %d=%d".formatted(group, length));
            }
        });
    }

    /** Length of the chunk in a file of so many bytes. */
    long of(CacheKey key, long fileBytes) throws UnusableException {
        OptionalLong given = key instanceof ObjectKey object && byObjectGroup.containsKey(object.objectGroup())
                ? OptionalLong.of(byObjectGroup.get(object.objectGroup()))
                : OptionalLong.empty();
        long length = given.orElse(fileBytes);
        // pages are powers of two, so the largest that the file can consist of is the lowest bit of its length
        if (length > fileBytes || fileBytes - length >= Long.lowestOneBit(fileBytes)) {
            throw new UnusableException(
                    SkipReason.WRONG_SIZE,
                    "%d bytes, which is not %d rounded up to pages".formatted(fileBytes, length));
        }
        return length;
    }
}
