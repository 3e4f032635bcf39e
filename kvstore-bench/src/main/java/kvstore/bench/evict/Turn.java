package kvstore.bench.evict;

import kvstore.bench.Throughput;

/**
 * What happened while a turn's chunks were stored.
 *
 * @param read by the readers
 * @param written by the writers
 * @param evictedChunks that went meanwhile
 * @param missed loads that found nothing; the chunk was stored again
 * @param notStored puts that were shed
 */
record Turn(Throughput read, Throughput written, long evictedChunks, int missed, int notStored) {}
