package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import kvstore.testkit.GpuStubs;
import kvstore.testkit.GpuStubs.ClientMemory;
import kvstore.testkit.GpuStubs.Operation;
import kvstore.v1.GetStatus;
import kvstore.v1.HelloRequest;
import kvstore.v1.HelloResponse;
import kvstore.v1.LoadResult;
import kvstore.v1.MissReason;
import kvstore.v1.PutStatus;
import kvstore.v1.RegionItem;
import kvstore.v1.StatRequest;
import kvstore.v1.StatResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Chunks between the memory of a GPU's stand-in and the disk, with a real daemon and its real sockets. */
@Timeout(120)
final class GpuRegionTest {
    private static final int MIB = 1 << 20;
    private static final int ALLOCATION_BYTES = 64 * MIB;

    /** Not the first byte of the allocation, and no round number: PyTorch's tensors lie so. */
    private static final int OFFSET = 1000;

    private static final int REGION_BYTES = 48 * MIB;

    private final GpuStubs gpu = new GpuStubs();
    private final ClientMemory allocation = gpu.allocate(ALLOCATION_BYTES);
    private final MemorySegment region = allocation.memory().asSlice(OFFSET, REGION_BYTES);
    private final long heldBefore = gpu.heldOfCuda();

    @TempDir
    Path directory;

    private DaemonUnderTest daemon;
    private GeneratedStubs stubs;
    private byte[] uuid;

    @BeforeEach
    void startPastHostMemory() throws StartException {
        gpu.nvidiaFs(2);
        start("gds.mode=require");
    }

    private void start(String... sets) throws StartException {
        List<String> all = new ArrayList<>(List.of(
                "gds.cuda-library=" + gpu.cudaPath(),
                "gds.cufile-library=" + gpu.cuFilePath(),
                "gds.log-directory=" + directory,
                "gds.read-threads=4",
                "gds.write-threads=4",
                "gds.piece-size=1MiB",
                "gds.shutdown-timeout=2s",
                "region.max-count=2"));
        all.addAll(List.of(sets));
        daemon = DaemonUnderTest.start(directory.resolve("pool"), all.toArray(String[]::new));
        stubs = new GeneratedStubs(daemon.unix());
        HelloResponse hello = hello();
        uuid = hello.getGpusCount() == 0
                ? new byte[16]
                : hello.getGpus(0).getUuid().toByteArray();
    }

    private void restart(String... sets) throws StartException {
        daemon.close();
        start(sets);
    }

    @AfterEach
    void everythingIsGivenBack() {
        gpu.releaseHanging();
        daemon.close();
        assertThat(gpu.heldOfCuda()).isEqualTo(heldBefore);
        assertThat(gpu.heldOfCuFile()).isZero();
        assertThat(gpu.misuse()).isZero();
    }

    private HelloResponse hello() {
        return stubs.blocking().hello(HelloRequest.getDefaultInstance());
    }

    private GpuClient register() throws IOException {
        return GpuClient.register(stubs, uuid, allocation.handle(), OFFSET, REGION_BYTES);
    }

    private void fill(String key, long offset, int length) {
        region.asSlice(offset, length).copyFrom(Payloads.memory(key, length));
    }

    private void assertHolds(String key, long offset, int length) {
        assertThat(region.asSlice(offset, length).mismatch(Payloads.memory(key, length)))
                .as("%s, %d bytes", key, length)
                .isEqualTo(-1);
    }

    private void storeOne(GpuClient client, String key, long offset, int length) {
        fill(key, offset, length);
        assertThat(client.store(GpuClient.item(key, offset, length)))
                .singleElement()
                .satisfies(result -> assertThat(result.getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED));
    }

    private static LoadResult loadOne(GpuClient client, String key, long offset, int length) {
        return client.load(GpuClient.item(key, offset, length)).getFirst();
    }

    private void assertLoads(GpuClient client, String key, int length) {
        region.fill((byte) 0x5A);
        assertThat(loadOne(client, key, 5 * MIB + 3, length).getStatus()).isEqualTo(GetStatus.GET_STATUS_HIT);
        assertHolds(key, 5 * MIB + 3, length);
        assertThat(region.get(ValueLayout.JAVA_BYTE, 5 * MIB + 2)).isEqualTo((byte) 0x5A);
        assertThat(region.get(ValueLayout.JAVA_BYTE, 5 * MIB + 3 + length)).isEqualTo((byte) 0x5A);
    }

    @Test
    void chunksOfEveryLengthComeBackAndTheBytesGoPastHostMemory() throws Exception {
        try (GpuClient client = register()) {
            for (int length : new int[] {1, 65_535, 65_536, 65_537, MIB, 16 * MIB + 65_536, 20 * MIB - 3}) {
                storeOne(client, "length " + length, 17, length);
                assertLoads(client, "length " + length, length);
            }
        }
        assertThat(daemon.metric("kvstore_gpu_bytes_total{direction=\"read\",path=\"staged\"}"))
                .isZero();
        assertThat(gpu.calls(Operation.READ)).isGreaterThan(20);
        assertThat(daemon.metric("kvstore_region_bytes_total")).isPositive();
        assertThat(daemon.metric("kvstore_regions")).isZero();
    }

    @Test
    void manyChunksOfOneCallAreEachAnswered() throws Exception {
        List<RegionItem> items = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            fill("many " + i, (long) i * MIB, MIB);
            items.add(GpuClient.item("many " + i, (long) i * MIB, MIB));
        }
        try (GpuClient client = register()) {
            assertThat(client.store(items.toArray(RegionItem[]::new)))
                    .hasSize(40)
                    .allMatch(result -> result.getStatus() == PutStatus.PUT_STATUS_STORED);
            region.fill((byte) 0);
            assertThat(client.load(items.toArray(RegionItem[]::new)))
                    .hasSize(40)
                    .allMatch(result -> result.getStatus() == GetStatus.GET_STATUS_HIT);
        }
        for (int i = 0; i < 40; i++) {
            assertHolds("many " + i, (long) i * MIB, MIB);
        }
    }

    @Test
    void whatIsStoredFromAGpuIsTheSameForOtherWaysAndAfterARestart() throws Exception {
        int length = 3 * MIB + 5;
        try (GpuClient client = register()) {
            storeOne(client, "both", 0, length);
        }
        assertThat(stubs.get("both").data()).isEqualTo(Payloads.bytes("both", length));
        stubs.put("stream", Payloads.bytes("stream", length));

        restart("gds.mode=require");

        try (GpuClient client = register()) {
            assertLoads(client, "both", length);
            assertLoads(client, "stream", length);
        }
    }

    @Test
    void helloStatAndMetricsSayWhichWayAndWhy() {
        HelloResponse hello = hello();
        assertThat(hello.getGpuPath()).isEqualTo("cufile");
        assertThat(hello.getGpuReason()).contains("past host memory");
        assertThat(hello.getGpusList()).singleElement().satisfies(found -> {
            assertThat(found.getName()).isEqualTo("Stub GPU");
            assertThat(found.getUuid().toByteArray()).startsWith(0xA0, 0xA1, 0xA2);
            assertThat(found.getMemoryBytes()).isEqualTo(8L * MIB + 2 * MIB);
        });
        StatResponse stat = stubs.admin().stat(StatRequest.getDefaultInstance());
        assertThat(stat.getGpuPath()).isEqualTo("cufile");
        assertThat(stat.getGpus()).isOne();
        assertThat(stat.getGpuMemoryBytes()).isEqualTo(10L * MIB);
        assertThat(daemon.metric("kvstore_gpu_path{path=\"cufile\"}")).isOne();
        assertThat(daemon.metric("kvstore_gpu_path{path=\"unavailable\"}")).isZero();
    }

    @Test
    void whatIsNoMemoryOfThisDaemonsGpusIsRefusedWithTheReason() throws Exception {
        byte[] handle = allocation.handle();
        byte[] other = uuid.clone();
        other[0] ^= 1;
        assertThat(GpuClient.refusal(stubs, GpuClient.message(other, handle, 0, MIB)))
                .contains("is not one of this daemon");
        byte[] bad = handle.clone();
        bad[63] ^= 1;
        assertThat(GpuClient.refusal(stubs, GpuClient.message(uuid, bad, 0, MIB)))
                .contains("CUDA_ERROR_INVALID_VALUE", "cudaMallocAsync");
        long[][] stretches = {
            {-1, 10}, {0, 0}, {0, -5}, {0, ALLOCATION_BYTES + 1}, {1, ALLOCATION_BYTES}, {Long.MAX_VALUE, 1}
        };
        for (long[] stretch : stretches) {
            assertThat(GpuClient.refusal(stubs, GpuClient.message(uuid, handle, stretch[0], stretch[1])))
                    .contains("not inside the allocation");
        }
        ByteBuffer longer = ByteBuffer.allocate(98)
                .put(GpuClient.message(uuid, handle, 0, MIB))
                .put((byte) 0)
                .flip();
        assertThat(GpuClient.refusal(stubs, longer)).contains("97 bytes");
        assertThat(daemon.metric("kvstore_regions")).isZero();
    }

    @Test
    void aHandoverMayComeInPiecesAndMayNotCome() throws Exception {
        try (SocketChannel half = GpuClient.connect(stubs);
                SocketChannel _ = GpuClient.connect(stubs)) {
            half.write(ByteBuffer.wrap(new byte[] {2, 0, 0}));
            half.shutdownOutput();
            assertThat(half.read(ByteBuffer.allocate(1))).isEqualTo(-1);

            try (SocketChannel slow = GpuClient.connect(stubs)) {
                ByteBuffer message = GpuClient.message(uuid, allocation.handle(), 0, MIB);
                while (message.hasRemaining()) {
                    slow.write(ByteBuffer.wrap(new byte[] {message.get()}));
                }
                ByteBuffer answer = ByteBuffer.allocate(1);
                assertThat(slow.read(answer)).isOne();
                assertThat(answer.get(0)).isZero();
            }
        }
    }

    @Test
    void oneRegionTooManyIsRefusedAndItsMappingEnds() throws Exception {
        try (GpuClient _ = register();
                GpuClient _ = register()) {
            long held = gpu.heldOfCuda();
            assertThat(GpuClient.refusal(stubs, GpuClient.message(uuid, allocation.handle(), 0, MIB)))
                    .contains("region.max-count");
            assertThat(gpu.heldOfCuda()).isEqualTo(held);
        }
    }

    @Test
    void aWorkerThatDiesInMidTransferKeepsItsMemoryUntilTheTransferHasEnded() throws Exception {
        GpuClient client = register();
        storeOne(client, "slow", 0, 4 * MIB);
        gpu.fail(Operation.READ, GpuStubs.HANG, 1);
        CompletableFuture<List<LoadResult>> load =
                CompletableFuture.supplyAsync(() -> client.load(GpuClient.item("slow", 8L * MIB, 4 * MIB)));
        Await.until(() -> gpu.hanging() == 1);

        client.die();

        Await.until(() -> daemon.metric("kvstore_regions_ended_total{kind=\"gpu\",state=\"busy\"}") == 1);
        assertThat(daemon.metric("kvstore_regions{kind=\"gpu\"}")).isOne();
        gpu.releaseHanging();
        assertThat(load.get()).hasSize(1);
        Await.until(() -> daemon.metric("kvstore_regions{kind=\"gpu\"}") == 0);
        try (GpuClient next = register()) {
            assertLoads(next, "slow", 4 * MIB);
        }
    }

    @Test
    void aPutWhoseWorkerDiesLeavesNothing() throws Exception {
        GpuClient client = register();
        fill("half", 0, 4 * MIB);
        gpu.fail(Operation.WRITE, GpuStubs.HANG, 1);
        var store = CompletableFuture.supplyAsync(() -> client.store(GpuClient.item("half", 0, 4 * MIB)));
        Await.until(() -> gpu.hanging() == 1);
        client.die();
        Await.until(() -> daemon.metric("kvstore_regions_ended_total{kind=\"gpu\",state=\"busy\"}") == 1);
        gpu.releaseHanging();

        assertThat(store.get().getFirst().getStatus()).isEqualTo(PutStatus.PUT_STATUS_SHED);
        assertThat(stubs.get("half").hit()).isFalse();
    }

    @Test
    void bytesThatAreWrongOnDiskAreAMissAndForgotten() throws Exception {
        try (GpuClient client = register()) {
            gpu.fail(Operation.WRITE, GpuStubs.WRONG_BYTES, 1);
            storeOne(client, "wrong", 0, 4 * MIB);
            assertThat(loadOne(client, "wrong", 8L * MIB, 4 * MIB).getReason())
                    .isEqualTo(MissReason.MISS_REASON_CORRUPT);
            assertThat(loadOne(client, "wrong", 8L * MIB, 4 * MIB).getReason())
                    .isEqualTo(MissReason.MISS_REASON_ABSENT);
        }
        assertThat(daemon.metric("kvstore_store_corrupt_records_total")).isOne();
    }

    @Test
    void bytesThatGoWrongOnTheWayAreReadAgain() throws Exception {
        try (GpuClient client = register()) {
            storeOne(client, "passing", 0, 4 * MIB);
            gpu.fail(Operation.READ, GpuStubs.WRONG_BYTES, 1);
            assertLoads(client, "passing", 4 * MIB);
        }
        assertThat(daemon.metric("kvstore_store_corrupt_records_total")).isZero();
    }

    @Test
    void whatCuFileRefusesGoesThroughHostMemoryUntilTheBreakerLeavesItAlone() throws Exception {
        restart("gds.mode=require", "gds.breaker-failures=3", "gds.breaker-retry=1h");
        try (GpuClient client = register()) {
            gpu.fail(Operation.WRITE, -5013, 2);
            storeOne(client, "refused", 0, 8 * MIB);
            assertLoads(client, "refused", 8 * MIB);
            assertThat(daemon.metric("kvstore_gpu_fallbacks_total")).isEqualTo(2);
            assertThat(daemon.metric("kvstore_gpu_breaker_open")).isZero();

            gpu.fail(Operation.READ, -5, 1000);
            assertLoads(client, "refused", 8 * MIB);
            assertThat(daemon.metric("kvstore_gpu_breaker_open")).isOne();
            assertThat(daemon.metric("kvstore_gpu_breaker_opened_total")).isOne();
        }
    }

    @Test
    void withoutCuFileTheBytesAreStaged() throws Exception {
        restart("gds.cufile-library=/nowhere/libcufile.so.0");
        assertThat(hello().getGpuPath()).isEqualTo("staged");
        assertThat(hello().getGpuReason()).contains("/nowhere/libcufile.so.0 does not exist");
        try (GpuClient client = register()) {
            storeOne(client, "staged", 3, 20 * MIB + 7);
            assertLoads(client, "staged", 20 * MIB + 7);
        }
        assertThat(daemon.metric("kvstore_gpu_bytes_total")).isEqualTo(2 * 20.0 * MIB);
    }

    @Test
    void withoutADriverGpuMemoryIsRefusedAndTheRestGoesOn() throws Exception {
        restart("gds.cuda-library=/nowhere/libcuda.so.1");
        assertThat(hello().getGpuPath()).isEqualTo("unavailable");
        assertThat(hello().getGpusList()).isEmpty();
        assertThat(GpuClient.refusal(stubs, GpuClient.message(uuid, allocation.handle(), 0, MIB)))
                .isEqualTo("no GPU support: libcuda.so.1 not found: /nowhere/libcuda.so.1 does not exist");
        stubs.put("stream", Payloads.bytes("stream", MIB));
        assertThat(stubs.get("stream").hit()).isTrue();
        assertThat(daemon.metric("kvstore_gpu_path{path=\"unavailable\"}")).isOne();

        restart("gds.mode=off");
        assertThat(hello().getGpuReason()).contains("off by configuration");
    }

    @Test
    void requiredAndNotThereIsNoStart() throws Exception {
        daemon.close();
        gpu.nvidiaFs(0);
        assertThatThrownBy(() -> start("gds.mode=require"))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("gds.mode is require")
                .hasMessageContaining("Set gds.mode to auto");
        assertThatThrownBy(() -> start("gds.mode=require", "gds.cuda-library=/nowhere/libcuda.so.1"))
                .hasMessageContaining("libcuda.so.1 not found");
        assertThat(gpu.heldOfCuda()).isEqualTo(heldBefore);
        start();
    }

    @Test
    void anItemOutsideTheRegionIsRefusedAsAWhole() throws Exception {
        try (GpuClient client = register()) {
            assertThatThrownBy(() -> client.load(GpuClient.item("key", REGION_BYTES - 1, 2)))
                    .hasMessageContaining("items[0]");
            assertThat(client.load(GpuClient.item("absent", REGION_BYTES - 2, 2))
                            .getFirst()
                            .getReason())
                    .isEqualTo(MissReason.MISS_REASON_ABSENT);
        }
    }
}
