package kvstore.server.transfer;

import java.time.Duration;
import kvstore.server.identity.Tenants;
import kvstore.server.io.GuardedEngine;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.store.ChunkStore;

/**
 * What the calls that move payload work with.
 *
 * @param disk the engine of {@code store}, asked before it is given work
 * @param reads the way to disk of gets whose bytes pass through {@code slabs}
 * @param tenants whose keys are whose, and what they may
 * @param drain whether nothing more is to be stored
 * @param frameBytes most payload in one message, a multiple of the block size
 * @param maxValueBytes longest value
 * @param maxKeys most keys in one call
 * @param stallTimeout how long a peer may make no progress
 * @param putWait how long a put waits for memory or space before it is shed
 * @param getWait how long a get waits for memory, or for a put in flight
 */
public record Transfers(
        ChunkStore store,
        GuardedEngine disk,
        SlabPool slabs,
        StagedReads reads,
        DaemonMetrics metrics,
        Tenants tenants,
        Drain drain,
        int frameBytes,
        long maxValueBytes,
        int maxKeys,
        Duration stallTimeout,
        Duration putWait,
        Duration getWait) {}
