package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import kvstore.api.ChunkKey;
import kvstore.client.Chunk;
import kvstore.client.ClientOptions;
import kvstore.client.GetResult;
import kvstore.client.KvStoreClient;
import kvstore.client.PutResult;
import kvstore.client.SharedRegion;
import kvstore.server.FaultyEngine.Call;
import kvstore.server.FaultyEngine.Fault;
import kvstore.v1.LoadIntoRequest;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.RegionItem;
import kvstore.v1.RegisterRegionRequest;
import kvstore.v1.StoreFromRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Chunks between shared memory and the disk, with a real daemon, a real socket and real shared memory. */
@Timeout(120)
final class RegionTest {
    private static final long SEED = 11;
    private static final int MIB = 1 << 20;
    private static final int PAGE = 4096;
    private static final long REGION_BYTES = 96L * MIB;

    private final Random random = new Random(SEED);

    @TempDir
    Path directory;

    private DaemonUnderTest daemon;
    private KvStoreClient client;
    private SharedRegion region;

    private volatile FaultyEngine.Plan plan = FaultyEngine.NO_FAULTS;

    @BeforeEach
    void start() throws StartException, InterruptedException {
        FaultyEngine.Plan current = (call, file, offset, bytes) -> plan.fault(call, file, offset, bytes);
        daemon = DaemonUnderTest.start(directory, engine -> new FaultyEngine(engine, current), "region.max-count=2");
        client = KvStoreClient.connect(daemon.target(), ClientOptions.defaults());
        region = client.shareMemory(REGION_BYTES);
    }

    @AfterEach
    void stop() {
        region.close();
        client.close();
        daemon.close();
    }

    /** Random bytes in the region. */
    private Chunk filled(String key, long offset, int length) {
        MemorySegment memory = region.memory().asSlice(offset, length);
        memory.copyFrom(Payloads.memory(key, length));
        return new Chunk(ChunkKey.of(key), memory);
    }

    private void assertHolds(Chunk chunk, String key) {
        int length = (int) chunk.memory().byteSize();
        assertThat(chunk.memory().mismatch(Payloads.memory(key, length)))
                .as("%s, %d bytes, seed %d", key, length, SEED)
                .isEqualTo(-1);
    }

    private PutResult put(Chunk chunk) throws ExecutionException, InterruptedException {
        return region.put(List.of(chunk)).get().getFirst();
    }

    private GetResult get(Chunk chunk) throws ExecutionException, InterruptedException {
        return region.get(List.of(chunk)).get().getFirst();
    }

    @Test
    void everyLengthAtEveryOffsetComesBackAndItsNeighboursStay() throws Exception {
        int[] lengths = {1, 17, PAGE, 65_535, 65_536, 65_537, MIB - 1, 16 * MIB, 16 * MIB + 65_536, 20 * MIB - 3};
        for (int length : lengths) {
            for (long offset : new long[] {PAGE, 3L * PAGE, 17, 65_536 + 512}) {
                String key = length + "@" + offset;
                assertThat(put(filled(key, offset, length)).isStored()).as(key).isTrue();

                long elsewhere = 48L * MIB + offset;
                region.memory().fill((byte) 0x5A);
                Chunk target = new Chunk(ChunkKey.of(key), region.memory().asSlice(elsewhere, length));
                assertThat(get(target)).as(key).isEqualTo(new GetResult.Hit(length));
                assertHolds(target, key);
                assertThat(region.memory().get(ValueLayout.JAVA_BYTE, elsewhere - 1))
                        .isEqualTo((byte) 0x5A);
                assertThat(region.memory().asSlice(elsewhere + length, PAGE).toArray(ValueLayout.JAVA_BYTE))
                        .containsOnly(0x5A);
            }
        }
        assertThat(daemon.metric("kvstore_region_bytes_total")).isPositive();
    }

    @Test
    void manyItemsInOneCallAreEachAnswered() throws Exception {
        List<Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            chunks.add(filled("many-" + i, (long) i * MIB, 1 + random.nextInt(MIB)));
        }
        assertThat(region.put(chunks).get()).allMatch(PutResult::isStored);

        region.memory().fill((byte) 0);
        List<GetResult> results = region.get(chunks).get();
        for (int i = 0; i < chunks.size(); i++) {
            assertThat(results.get(i).isHit()).isTrue();
            assertHolds(chunks.get(i), "many-" + i);
        }
    }

    @Test
    void whatIsStoredInPlaceIsTheSameForOtherWays() throws Exception {
        GeneratedStubs stubs = new GeneratedStubs(daemon.unix());
        int length = 3 * MIB + 5;
        assertThat(put(filled("both", 0, length)).isStored()).isTrue();
        assertThat(stubs.get("both").data()).isEqualTo(Payloads.bytes("both", length));

        stubs.put("stream", Payloads.bytes("stream", length));
        Chunk target = new Chunk(ChunkKey.of("stream"), region.memory().asSlice(8L * MIB, length));
        assertThat(get(target).isHit()).isTrue();
        assertHolds(target, "stream");
    }

    @Test
    void absentAndOfAnotherLengthAreMisses() throws Exception {
        put(filled("here", 0, MIB));

        assertThat(get(new Chunk(ChunkKey.of("nowhere"), region.memory().asSlice(0, MIB))))
                .isEqualTo(new GetResult.Miss(MissReason.MISS_REASON_ABSENT));
        assertThat(get(new Chunk(ChunkKey.of("here"), region.memory().asSlice(0, MIB - 1))))
                .isEqualTo(new GetResult.Miss(MissReason.MISS_REASON_OTHER_LENGTH));
    }

    @Test
    void aFlippedBitOnDiskIsAMissAndForgotten() throws Exception {
        OneFault flip = new OneFault(Call.WRITE, bytes -> bytes == MIB, Fault.FLIP);
        plan = flip;
        assertThat(put(filled("flipped", 0, MIB)).isStored()).isTrue();
        assertThat(flip.happened()).isTrue();

        assertThat(get(new Chunk(ChunkKey.of("flipped"), region.memory().asSlice(0, MIB))))
                .isEqualTo(new GetResult.Miss(MissReason.MISS_REASON_CORRUPT));
        assertThat(get(new Chunk(ChunkKey.of("flipped"), region.memory().asSlice(0, MIB))))
                .isEqualTo(new GetResult.Miss(MissReason.MISS_REASON_ABSENT));
    }

    /** The second reading, into memory that no client can write to, is right: it was not the disk. */
    @Test
    void aBitThatFlipsOnTheWayIsReadAgainAndNothingIsForgotten() throws Exception {
        OneFault flip = new OneFault(Call.READ, bytes -> bytes == MIB, Fault.FLIP);
        plan = flip;
        put(filled("passing", 0, MIB));

        Chunk target = new Chunk(ChunkKey.of("passing"), region.memory().asSlice(8L * MIB, MIB));
        assertThat(get(target).isHit()).isTrue();
        assertThat(flip.happened()).isTrue();
        assertHolds(target, "passing");
        assertThat(daemon.metric("kvstore_store_corrupt_records_total")).isZero();
    }

    @Test
    void aWriteThatFailsLeavesNothing() throws Exception {
        plan = new OneFault(Call.WRITE, bytes -> bytes == MIB, Fault.EIO);
        PutResult result = put(filled("failed", 0, MIB));

        assertThat(result.reason()).isEqualTo(PutReason.PUT_REASON_IO_ERROR);
        assertThat(client.lookup(List.of(ChunkKey.of("failed")), Duration.ZERO).leadingHits())
                .isZero();
        assertThat(put(filled("failed", 0, MIB)).isStored()).isTrue();
    }

    @Test
    void aReadThatFailsIsAMiss() throws Exception {
        plan = new OneFault(Call.READ, bytes -> bytes == MIB, Fault.EIO);
        put(filled("unread", 0, MIB));

        assertThat(get(new Chunk(ChunkKey.of("unread"), region.memory().asSlice(0, MIB))))
                .isEqualTo(new GetResult.Miss(MissReason.MISS_REASON_IO_ERROR));
    }

    @Test
    void twoPutsOfOneKeyStoreItOnce() throws Exception {
        Chunk first = filled("twice", 0, 8 * MIB);
        Chunk second = filled("twice", 16L * MIB, 8 * MIB);
        CompletableFuture<List<PutResult>> both = region.put(List.of(first, second));

        assertThat(both.get()).allMatch(PutResult::isStored);
        assertThat(daemon.metric("kvstore_store_chunks")).isOne();
    }

    @Test
    void aRequestThatLiesIsRefusedAsAWhole() throws Exception {
        var stub = new GeneratedStubs(daemon.unix()).blocking();
        assertRefused(
                Status.Code.NOT_FOUND,
                "region_id",
                () -> drain(stub.storeFrom(StoreFromRequest.newBuilder()
                        .setRegionId(42)
                        .addItems(item(0, 1))
                        .build())));
        assertRefused(
                Status.Code.NOT_FOUND,
                "ticket",
                () -> stub.registerRegion(RegisterRegionRequest.newBuilder()
                        .setTicket(ByteString.copyFrom(new byte[16]))
                        .build()));
        for (RegionItem item : List.of(
                item(REGION_BYTES, 1),
                item(REGION_BYTES - 1, 2),
                item(-1, 1),
                item(Long.MAX_VALUE, 1),
                item(0, 0),
                item(0, -1),
                item(0, 65L * MIB))) {
            assertRefused(
                    Status.Code.INVALID_ARGUMENT,
                    "items[0]",
                    () -> drain(stub.loadInto(LoadIntoRequest.newBuilder()
                            .setRegionId(region.id())
                            .addItems(item)
                            .build())));
        }
        assertRefused(
                Status.Code.INVALID_ARGUMENT,
                "items is empty",
                () -> drain(stub.loadInto(
                        LoadIntoRequest.newBuilder().setRegionId(region.id()).build())));
    }

    private static RegionItem item(long offset, long length) {
        return RegionItem.newBuilder()
                .setKey(ByteString.copyFromUtf8("key"))
                .setOffset(offset)
                .setLength(length)
                .build();
    }

    private static void drain(Iterator<?> answers) {
        answers.forEachRemaining(_ -> {});
    }

    private static void assertRefused(Status.Code code, String field, Runnable call) {
        assertThatThrownBy(call::run).isInstanceOfSatisfying(StatusRuntimeException.class, refused -> {
            assertThat(refused.getStatus().getCode()).isEqualTo(code);
            assertThat(refused.getStatus().getDescription()).contains(field);
        });
    }

    @Test
    void oneRegionTooManyIsRefusedWithTheKeyToRaise() throws Exception {
        try (SharedRegion second = client.shareMemory(MIB)) {
            assertThat(second.id()).isNotEqualTo(region.id());
            assertThatThrownBy(() -> client.shareMemory(MIB)).hasMessageContaining("region.max-count");
        }

        region.close();
        region = client.shareMemory(MIB);
        assertThat(put(filled("again", 0, MIB)).isStored()).isTrue();
    }

    @Test
    void aClosedRegionIsGone() throws Exception {
        assertThat(daemon.metric("kvstore_regions")).isOne();
        assertThat(daemon.metric("kvstore_region_size_bytes")).isEqualTo(REGION_BYTES);

        region.close();

        assertThat(daemon.metric("kvstore_regions")).isZero();
        region = client.shareMemory(MIB);
    }
}
