package kvstore.server.clear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.store.ChunkStore;
import kvstore.store.ReserveResult;
import kvstore.store.StoreConfig;
import kvstore.store.StoreListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clears of more than one page, broken off and beside each other. */
@Timeout(60)
final class ClearsTest {
    private static final int CHUNKS = 1200;

    @TempDir
    Path directory;

    private ChunkStore open(PosixEngine engine) throws Exception {
        return ChunkStore.open(StoreConfig.defaults(directory, "node"), engine, StoreListener.NONE);
    }

    @Test
    void whatWasCountedIsGoneAlthoughItWasBrokenOff() throws Exception {
        try (PosixEngine engine = PosixEngine.open(EngineConfig.defaults(), directory)) {
            long cleared;
            try (ChunkStore store = open(engine);
                    Clears clears = new Clears(store)) {
                fill(store);
                AtomicInteger asked = new AtomicInteger();
                ClearReport broken = clears.run(new Scope.All(), false, () -> asked.incrementAndGet() > 1, _ -> {});
                assertThat(broken.complete()).isFalse();
                assertThat(broken.chunks()).isBetween(1L, CHUNKS - 1L);
                cleared = broken.chunks();
            }
            try (ChunkStore store = open(engine);
                    Clears clears = new Clears(store)) {
                assertThat(store.stats().chunks()).isEqualTo(CHUNKS - cleared);
                List<ClearReport> seen = new ArrayList<>();
                ClearReport rest = clears.run(new Scope.All(), false, () -> false, seen::add);
                assertThat(rest).isEqualTo(new ClearReport(CHUNKS - cleared, CHUNKS - cleared, 0, true));
                assertThat(seen).isNotEmpty();
                assertThat(store.stats().chunks()).isZero();
            }
        }
    }

    @Test
    void oneAtATime() throws Exception {
        try (PosixEngine engine = PosixEngine.open(EngineConfig.defaults(), directory);
                ChunkStore store = open(engine);
                Clears clears = new Clears(store)) {
            clears.run(
                    new Scope.All(),
                    true,
                    () -> false,
                    _ -> assertThatThrownBy(() -> clears.run(new Scope.All(), true, () -> false, _ -> {}))
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("running already"));
        }
    }

    /** Values of one byte. */
    private static void fill(ChunkStore store) throws Exception {
        try (Arena arena = Arena.ofShared()) {
            HostBuffer block = new HostBuffer(arena.allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES));
            BlockChecksums.Accumulator sum = new BlockChecksums.Accumulator(1);
            sum.update(block.memory().asSlice(0, 1));
            BlockChecksums checksums = sum.finish();
            for (int i = 0; i < CHUNKS; i++) {
                ReserveResult result = store.reserve(ChunkKey.of("key" + i), 1, "", Duration.ofSeconds(10));
                try (var place = ((ReserveResult.Reserved) result).reservation()) {
                    place.file().write(place.payloadOffset(), block).join();
                    place.commit(checksums);
                }
            }
        }
    }
}
