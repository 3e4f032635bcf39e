package kvstore.client;

import java.util.List;

/**
 * Which keys are here.
 *
 * @param sizes one for each key that was asked for, in that order: length of its value in bytes, or {@link #ABSENT}
 * @param leadingHits how many keys are found before the first that is not
 * @param leaseId identity for {@link KvStoreClient#release}; 0 if there is no lease
 * @param leaseMillis how long the lease holds, in milliseconds
 */
public record LookupResult(List<Long> sizes, int leadingHits, long leaseId, int leaseMillis) {
    /** Size of a value that is not here. */
    public static final long ABSENT = -1;

    public LookupResult {
        sizes = List.copyOf(sizes);
    }

    /** Whether key {@code index} of the question is here. */
    public boolean found(int index) {
        return sizes.get(index) != ABSENT;
    }

    /** Length of the value of key {@code index} in bytes, or {@link #ABSENT}. */
    public long size(int index) {
        return sizes.get(index);
    }

    /** Whether every key is here. */
    public boolean foundAll() {
        return leadingHits == sizes.size();
    }
}
