package kvstore.bench.load;

import kvstore.bench.Throughput;

/**
 * One round of one peer.
 *
 * @param failures chunks that were not stored, or not loaded
 */
record Sample(Throughput store, Throughput load, int failures) {}
