package kvstore.store;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.api.ChunkKey;

/**
 * What each owner's records take in the segments in use, in bytes: header and padding too, and also those that were deleted,
 * replaced or given up, because their place comes back only with their segment. So nobody can make a segment go by writing
 * more than his quota, whatever he deletes. Thread-safe.
 *
 * <p>An owner is a tenant, by the beginning of its keys' namespaces; keys without a tenant have the empty owner.
 */
final class Usage {
    /** Namespaces of tenants begin so, and go on behind the tenant's name with a slash. */
    private static final char TENANT = '@';

    private final Map<String, AtomicLong> bytes = new ConcurrentHashMap<>();

    static String ownerOf(String namespace) {
        if (namespace.isEmpty() || namespace.charAt(0) != TENANT) {
            return ChunkKey.DEFAULT_NAMESPACE;
        }
        int slash = namespace.indexOf('/');
        return slash < 0 ? namespace : namespace.substring(0, slash);
    }

    /** Counts so many bytes more, unless they would be more than {@code limit} then. */
    boolean tryAdd(String owner, long more, long limit) {
        AtomicLong sum = of(owner);
        while (true) {
            long before = sum.get();
            if (more > limit - before) {
                return false;
            }
            if (sum.compareAndSet(before, before + more)) {
                return true;
            }
        }
    }

    void add(String owner, long more) {
        of(owner).addAndGet(more);
    }

    /** What this owner takes. */
    long bytes(String owner) {
        AtomicLong sum = bytes.get(owner);
        return sum == null ? 0 : sum.get();
    }

    private AtomicLong of(String owner) {
        return bytes.computeIfAbsent(owner, _ -> new AtomicLong());
    }
}
