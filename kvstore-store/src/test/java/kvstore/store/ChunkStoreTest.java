package kvstore.store;

import static kvstore.store.StoreHarness.BLOCK;
import static kvstore.store.StoreHarness.NO_WAIT;
import static kvstore.store.StoreHarness.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import kvstore.api.BlockChecksums;
import kvstore.api.ChunkKey;
import kvstore.api.IoFailure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What callers of the store rely on while nothing fails. */
final class ChunkStoreTest {
    @TempDir
    Path directory;

    private StoreHarness harness;

    @BeforeEach
    void open() throws StoreException {
        harness = new StoreHarness(directory.resolve("pool"), 8);
    }

    @AfterEach
    void close() {
        harness.close();
    }

    @Test
    void exactLengthsComeBack() {
        for (int length : List.of(1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 17, 3 * BLOCK)) {
            assertThat(harness.put("k" + length, value(1, length))).isTrue();
            assertThat(harness.get("k" + length)).isEqualTo(value(1, length));
        }
        assertThat(harness.get("other")).isNull();
    }

    @Test
    void namespacesAreApart() {
        byte[] name = "k".getBytes(StandardCharsets.UTF_8);
        harness.put(ChunkKey.of("a", name), value(1, 10));
        harness.put(ChunkKey.of("b", name), value(2, 20));
        assertThat(harness.get(ChunkKey.of("a", name))).isEqualTo(value(1, 10));
        assertThat(harness.get(ChunkKey.of("b", name))).isEqualTo(value(2, 20));
        assertThat(harness.get("k")).isNull();
    }

    @Test
    void nothingIsVisibleBeforeCommit() throws IoFailure {
        Reservation reservation = harness.reserve("k", 10, "");
        BlockChecksums checksums = StoreHarness.write(reservation, value(1, 10));
        assertThat(harness.get("k")).isNull();
        reservation.commit(checksums);
        assertThat(harness.get("k")).isEqualTo(value(1, 10));
        reservation.close();
        assertThat(harness.get("k")).isEqualTo(value(1, 10));
    }

    @Test
    void secondPutOfTheSameSizeWritesNothing() {
        harness.put("k", value(1, 10));
        long writes = harness.disk.writes.get();
        assertThat(harness.store.reserve(ChunkKey.of("k"), 10, "", NO_WAIT))
                .isEqualTo(new ReserveResult.AlreadyStored(10));
        assertThat(harness.disk.writes.get()).isEqualTo(writes);
        assertThat(harness.listener.alreadyStored).hasValue(1);
    }

    @Test
    void anotherSizeReplacesAndTheOldStaysReadableUntilThen() throws Exception {
        harness.put("k", value(1, 10));
        Reservation reservation = harness.reserve("k", 20, "");
        assertThat(harness.get("k")).isEqualTo(value(1, 10));
        reservation.commit(StoreHarness.write(reservation, value(2, 20)));
        assertThat(harness.get("k")).isEqualTo(value(2, 20));
        harness.restart();
        assertThat(harness.get("k")).isEqualTo(value(2, 20));
    }

    @Test
    void pinOutlivesReplacement() throws Exception {
        harness.put("k", value(1, 10));
        try (PinnedChunk old = ((PinResult.Pinned) harness.store.pin(ChunkKey.of("k"))).chunk()) {
            harness.put("k", value(2, 20));
            assertThat(StoreHarness.read(old)).isEqualTo(value(1, 10));
        }
    }

    @Test
    void onePutOfAKeyAtATime() throws Exception {
        Reservation first = harness.reserve("k", 10, "");
        ReserveResult second = harness.store.reserve(ChunkKey.of("k"), 10, "", NO_WAIT);
        CompletableFuture<Boolean> committed = ((ReserveResult.InFlight) second).committed();
        assertThat(committed).isNotDone();
        assertThat(harness.store.pin(ChunkKey.of("k"))).isInstanceOf(PinResult.InFlight.class);
        first.commit(StoreHarness.write(first, value(1, 10)));
        assertThat(committed).isCompletedWithValue(true);
        assertThat(harness.store.reserve(ChunkKey.of("k"), 10, "", NO_WAIT))
                .isInstanceOf(ReserveResult.AlreadyStored.class);
    }

    @Test
    void abortLeavesNothing() throws Exception {
        Reservation first = harness.reserve("k", 10, "");
        StoreHarness.write(first, value(1, 10));
        var pin = (PinResult.InFlight) harness.store.pin(ChunkKey.of("k"));
        first.close();
        assertThat(pin.committed()).isCompletedWithValue(false);
        assertThat(harness.get("k")).isNull();
        assertThat(harness.listener.aborted).hasValue(1);
        assertThatThrownBy(() -> first.commit(BlockChecksums.of(new int[1])))
                .isInstanceOfSatisfying(
                        IoFailure.class, e -> assertThat(e.kind()).isEqualTo(IoFailure.Kind.CLOSED));
        harness.crash();
        assertThat(harness.get("k")).isNull();
        assertThat(harness.put("k", value(2, 10))).isTrue();
    }

    @Test
    void inFlightCountsForItsClientOnly() {
        Reservation reservation = harness.reserve("k", 10, "me");
        List<ChunkKey> keys = List.of(ChunkKey.of("k"));
        assertThat(harness.store.lookup(keys, "me", 0).leadingHits()).isEqualTo(1);
        assertThat(harness.store.lookup(keys, "me", 0).sizes()).containsExactly(10);
        assertThat(harness.store.lookup(keys, "you", 0).leadingHits()).isZero();
        assertThat(harness.store.lookup(keys, "", 0).leadingHits()).isZero();
        reservation.close();
        assertThat(harness.store.lookup(keys, "me", 0).leadingHits()).isZero();
        harness.reserve("nobody", 10, "").close();
    }

    @Test
    void lookupCountsLeadingHits() {
        harness.put("a", value(1, 10));
        harness.put("b", value(2, 20));
        harness.put("d", value(3, 30));
        LookupResult result = harness.store.lookup(
                List.of(ChunkKey.of("a"), ChunkKey.of("b"), ChunkKey.of("c"), ChunkKey.of("d")), "", 0);
        assertThat(result.found().stream()).containsExactly(0, 1, 3);
        assertThat(result.sizes()).containsExactly(10, 20, 0, 30);
        assertThat(result.leadingHits()).isEqualTo(2);
        assertThat(result.leaseId()).isZero();
    }

    @Test
    void deletesSurviveRestarts() throws Exception {
        harness.put("a", value(1, 10));
        harness.put("b", value(2, 10));
        assertThat(harness.store.delete(List.of(ChunkKey.of("a"), ChunkKey.of("none"))).stream())
                .containsExactly(0);
        assertThat(harness.get("a")).isNull();
        harness.crash();
        assertThat(harness.get("a")).isNull();
        assertThat(harness.get("b")).isEqualTo(value(2, 10));
        assertThat(harness.put("a", value(3, 10))).isTrue();
        harness.crash();
        assertThat(harness.get("a")).isEqualTo(value(3, 10));
        harness.restart();
        assertThat(harness.get("a")).isEqualTo(value(3, 10));
    }

    @Test
    void deleteDuringAPutDoesNotStopIt() throws Exception {
        Reservation reservation = harness.reserve("k", 10, "");
        assertThat(harness.store.delete(ChunkKey.of("k"))).isFalse();
        reservation.commit(StoreHarness.write(reservation, value(1, 10)));
        assertThat(harness.get("k")).isEqualTo(value(1, 10));
        harness.crash();
        assertThat(harness.get("k")).isEqualTo(value(1, 10));
    }

    @Test
    void memoryAndDiskAgreeOnADeleteWhileTheHeaderIsWritten() throws Exception {
        harness.put("k", value(1, 10));
        Reservation reservation = harness.reserve("k", 20, "");
        BlockChecksums checksums = StoreHarness.write(reservation, value(2, 20));
        harness.engine.follow((_, number) -> {
            if (number == 0) {
                assertThat(harness.store.delete(ChunkKey.of("k"))).isTrue();
            }
            return null;
        });
        reservation.commit(checksums);
        assertThat(harness.get("k")).isNull();
        harness.crash();
        assertThat(harness.get("k")).isNull();
    }

    @Test
    void memoryAndDiskAgreeOnAQuarantineWhileTheNextHeaderIsWritten() throws Exception {
        harness.put("k", value(1, 10));
        PinnedChunk old = ((PinResult.Pinned) harness.store.pin(ChunkKey.of("k"))).chunk();
        Reservation reservation = harness.reserve("k", 20, "");
        BlockChecksums checksums = StoreHarness.write(reservation, value(2, 20));
        harness.engine.follow((_, number) -> {
            if (number == 0) {
                old.quarantine("test");
            }
            return null;
        });
        reservation.commit(checksums);
        old.close();
        assertThat(harness.get("k")).isEqualTo(value(2, 20));
        harness.crash();
        assertThat(harness.get("k")).isEqualTo(value(2, 20));
    }

    @Test
    void quarantinedRecordsStayForgotten() throws Exception {
        harness.put("k", value(1, 10));
        try (PinnedChunk chunk = ((PinResult.Pinned) harness.store.pin(ChunkKey.of("k"))).chunk()) {
            chunk.quarantine("test");
            chunk.quarantine("test");
        }
        assertThat(harness.listener.corrupt).containsExactly("test");
        assertThat(harness.get("k")).isNull();
        harness.crash();
        assertThat(harness.get("k")).isNull();
        harness.put("k", value(1, 10));
        harness.crash();
        assertThat(harness.get("k")).isEqualTo(value(1, 10));
    }

    @Test
    void quarantineLeavesANewerValueAlone() throws Exception {
        harness.put("k", value(1, 10));
        try (PinnedChunk old = ((PinResult.Pinned) harness.store.pin(ChunkKey.of("k"))).chunk()) {
            harness.put("k", value(2, 20));
            old.quarantine("test");
        }
        assertThat(harness.get("k")).isEqualTo(value(2, 20));
    }

    @Test
    void wrongUseIsRefused() {
        assertThatThrownBy(() -> harness.store.reserve(ChunkKey.of("k"), 0, "", NO_WAIT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> harness.store.reserve(ChunkKey.of("k"), StoreHarness.MAX_VALUE + 1, "", NO_WAIT))
                .isInstanceOf(IllegalArgumentException.class);
        Reservation reservation = harness.reserve("k", 10, "");
        assertThatThrownBy(() -> reservation.commit(BlockChecksums.of(new int[2])))
                .isInstanceOf(IllegalArgumentException.class);
        reservation.close();
        assertThatThrownBy(() -> harness.store.list(1, "nonsense", new byte[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nonsense");
    }

    @Test
    void listsPageByPage() throws Exception {
        for (int i = 0; i < 20; i++) {
            harness.put("key-" + i, value(i, 10 + i));
        }
        harness.put("other", value(99, 99));
        harness.store.delete(ChunkKey.of("key-3"));
        harness.put("key-4", value(4, 1000));
        for (int round = 0; round < 2; round++) {
            List<String> seen = new ArrayList<>();
            String token = "";
            do {
                ListPage page = harness.store.list(3, token, "key-".getBytes(StandardCharsets.UTF_8));
                assertThat(page.chunks()).hasSizeLessThanOrEqualTo(3);
                assertThat(page.unreadableSegments()).isZero();
                page.chunks().forEach(c -> seen.add(c.key() + "=" + c.length()));
                token = page.nextPageToken();
            } while (!token.isEmpty());
            assertThat(seen).hasSize(19).doesNotHaveDuplicates().contains("key-4=1000", "key-19=29");
            harness.restart();
        }
    }

    @Test
    void closingAbortsAndRefuses() throws Exception {
        harness.put("kept", value(1, 10));
        Reservation reservation = harness.reserve("k", 10, "");
        BlockChecksums checksums = StoreHarness.write(reservation, value(1, 10));
        harness.store.close();
        harness.store.close();
        assertThatThrownBy(() -> reservation.commit(checksums)).isInstanceOf(IoFailure.class);
        assertThat(harness.store.reserve(ChunkKey.of("z"), 10, "", NO_WAIT))
                .isInstanceOfSatisfying(
                        ReserveResult.Refused.class, r -> assertThat(r.reason()).isEqualTo(ShedReason.STOPPING));
        assertThat(harness.disk.openFiles()).isZero();
        harness.open();
        assertThat(harness.get("k")).isNull();
        assertThat(harness.get("kept")).isEqualTo(value(1, 10));
    }

    @Test
    void identityAndStats() throws Exception {
        PoolIdentity first = harness.store.identity();
        assertThat(first.node()).isEqualTo("node-a");
        assertThat(first.epoch()).isEqualTo(1);
        harness.put("a", value(1, 10));
        harness.put("b", value(1, 20));
        StoreStats stats = harness.store.stats();
        assertThat(stats.chunks()).isEqualTo(2);
        assertThat(stats.chunkBytes()).isEqualTo(30);
        assertThat(stats.usedBytes()).isBetween(harness.bytesOnDisk(), stats.capacityBytes());
        assertThat(stats.capacityBytes()).isEqualTo(StoreHarness.capacity(8));
        harness.restart();
        assertThat(harness.store.identity()).isEqualTo(new PoolIdentity(first.pool(), "node-a", 2));
        assertThat(harness.store.stats().recovery().chunks()).isEqualTo(2);
    }
}
