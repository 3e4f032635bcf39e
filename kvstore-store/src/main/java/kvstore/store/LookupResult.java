package kvstore.store;

import java.util.BitSet;

/**
 * What {@link ChunkStore#lookup} found.
 *
 * @param found bit {@code i} says whether key {@code i} is here
 * @param sizes length of each value in bytes, in the order of the keys; 0 where not found
 * @param leadingHits how many keys are found before the first that is not
 * @param leaseId identity of the lease; 0 if none was asked for, nothing was found, or no more can be given
 * @param leaseMillis how long the lease holds; 0 without one
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares two of these, and a list would box each size
public record LookupResult(BitSet found, long[] sizes, int leadingHits, long leaseId, long leaseMillis) {}
