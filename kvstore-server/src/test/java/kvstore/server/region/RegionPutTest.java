package kvstore.server.region;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.Region;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.server.identity.Tenants;
import kvstore.server.io.GuardConfig;
import kvstore.server.io.GuardedEngine;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.transfer.Drain;
import kvstore.server.transfer.PutOutcome;
import kvstore.server.transfer.StagedReads;
import kvstore.server.transfer.Transfers;
import kvstore.store.ChunkStore;
import kvstore.store.StoreConfig;
import kvstore.store.StoreListener;
import kvstore.v1.PutStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class RegionPutTest {
    private static final int LENGTH = 3 * Blocks.BLOCK_BYTES + 17;
    private static final Duration WAIT = Duration.ofSeconds(1);

    @TempDir
    Path directory;

    /** As at a stop, when the threads go before the last put has begun. */
    @Test
    void memoryComesBackWhenTheThreadsRefuseTheWork() throws Exception {
        try (Arena arena = Arena.ofShared();
                GuardedEngine engine = new GuardedEngine(
                        PosixEngine.open(EngineConfig.defaults(), directory),
                        new GuardConfig(1 << 30, 1 << 30, 1 << 30, WAIT, 1, WAIT));
                ChunkStore store =
                        ChunkStore.open(StoreConfig.defaults(directory, "node"), engine, StoreListener.NONE);
                DaemonMetrics metrics = new DaemonMetrics()) {
            SlabPool slabs = new SlabPool(
                    arena.allocate(2 * SlabPool.MAX_SLAB_BYTES, Blocks.BLOCK_BYTES), SlabPool.MAX_SLAB_BYTES);
            Transfers transfers = new Transfers(
                    store,
                    engine,
                    slabs,
                    new StagedReads(slabs, metrics, WAIT, WAIT),
                    metrics,
                    Tenants.single(),
                    new Drain(() -> {}),
                    Blocks.BLOCK_BYTES,
                    1 << 20,
                    1,
                    WAIT,
                    WAIT,
                    WAIT);
            RegionThreads threads = new RegionThreads(1);
            threads.close();
            RegisteredRegion region = new RegisteredRegion(1, new Memory(arena.allocate(LENGTH + 1L)));
            RegionItem item = new RegionItem(ChunkKey.of("key"), 1, LENGTH);

            PutOutcome outcome = new RegionPut(transfers, threads, region, item, "").store();

            assertThat(outcome.status()).isEqualTo(PutStatus.PUT_STATUS_SHED);
            assertThat(slabs.usedBytes()).isZero();
        }
    }

    /** Memory that nothing can be written from in place. */
    private record Memory(MemorySegment memory) implements Region {
        @Override
        public long sizeBytes() {
            return memory.byteSize();
        }

        @Override
        public boolean isAligned(long offset) {
            return false;
        }

        @Override
        public Buffer buffer(long offset, long sizeBytes) {
            return new HostBuffer(memory.asSlice(offset, sizeBytes));
        }

        @Override
        public void read(long offset, MemorySegment destination) {
            destination.copyFrom(memory.asSlice(offset, destination.byteSize()));
        }

        @Override
        public void write(long offset, MemorySegment source) {
            memory.asSlice(offset, source.byteSize()).copyFrom(source);
        }

        @Override
        public BlockChecksums checksums(long offset, long lengthBytes) {
            BlockChecksums.Accumulator checksums = new BlockChecksums.Accumulator(lengthBytes);
            checksums.update(memory.asSlice(offset, lengthBytes));
            return checksums.finish();
        }

        @Override
        public void close() {}
    }
}
