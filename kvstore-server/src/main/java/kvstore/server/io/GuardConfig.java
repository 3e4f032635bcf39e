package kvstore.server.io;

import java.time.Duration;

/**
 * When not to wait for a disk.
 *
 * @param readBudgetBytes reads that the engine has at one time; further ones wait in line
 * @param writeBudgetBytes writes that the engine has at one time; further ones wait in line, and puts are shed when as much
 *     again waits
 * @param writeBytesBesideReads what is left of that while there are reads
 * @param operationTimeout after which nobody waits for a read or write any more
 * @param breakerFailures reads or writes in a row that fail, after which none is tried
 * @param probeInterval how often a disk that is left alone is tried
 */
public record GuardConfig(
        long readBudgetBytes,
        long writeBudgetBytes,
        long writeBytesBesideReads,
        Duration operationTimeout,
        int breakerFailures,
        Duration probeInterval) {}
