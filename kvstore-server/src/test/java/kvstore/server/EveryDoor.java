package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import kvstore.api.ChunkKey;
import kvstore.client.Chunk;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.SharedRegion;
import kvstore.server.FaultyEngine.Call;
import kvstore.server.FaultyEngine.Fault;
import kvstore.server.testing.Authority;
import kvstore.testkit.GpuStubs;
import kvstore.testkit.GpuStubs.ClientMemory;
import kvstore.v1.GetStatus;
import kvstore.v1.HelloRequest;
import kvstore.v1.MissReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import kvstore.v1.StoreResult;

/** A daemon with all its doors and a stand-in for a GPU, and clients that use each of them. */
final class EveryDoor implements AutoCloseable {
    private static final int MIB = 1 << 20;
    private static final int REGION_BYTES = 8 * MIB;
    private static final int LARGE = 4 * MIB;
    private static final int SMALL = MIB;

    private final GpuStubs gpu = new GpuStubs();
    private final ClientMemory allocation = gpu.allocate(REGION_BYTES);
    private volatile FaultyEngine.Plan plan = FaultyEngine.NO_FAULTS;

    private final DaemonUnderTest daemon;
    private final GeneratedStubs stubs;
    private final KvStoreClient client;
    private final SharedRegion region;
    private final GpuClient gpuClient;
    private final RespClient resp;
    private final LmClient lm;

    private EveryDoor(Path directory) throws Exception {
        gpu.nvidiaFs(2);
        Authority authority = Authority.make(directory.resolve("authority"), "authority");
        Authority.Issued own = authority.issue("daemon", builder -> builder.addSanDnsName("localhost"));
        FaultyEngine.Plan current = (call, file, offset, bytes) -> plan.fault(call, file, offset, bytes);
        daemon = DaemonUnderTest.start(
                directory.resolve("pool"),
                engine -> new FaultyEngine(engine, current),
                "tls.certificate=" + own.certificate(),
                "tls.key=" + own.key(),
                "tls.client-ca=" + Authority.write(directory.resolve("clients.crt"), authority.pem()),
                "grpc.put-wait=200ms",
                "data.capacity=320MiB",
                "data.segment-size=64MiB",
                "data.max-value-size=16MiB",
                "resp.listen=127.0.0.1:0",
                "lm.listen=127.0.0.1:0",
                "lm.lease-duration=0ms", // or EXIST would keep these few segments from eviction
                "gds.cuda-library=" + gpu.cudaPath(),
                "gds.cufile-library=" + gpu.cuFilePath(),
                "gds.log-directory=" + directory,
                "gds.read-threads=2",
                "gds.write-threads=2",
                "gds.piece-size=1MiB",
                "gds.shutdown-timeout=2s");
        stubs = new GeneratedStubs(daemon.unix());
        client = KvStoreClient.connect(daemon.target(), ClientOptions.defaults());
        region = client.shareMemory(REGION_BYTES);
        byte[] uuid = stubs.blocking()
                .hello(HelloRequest.getDefaultInstance())
                .getGpus(0)
                .getUuid()
                .toByteArray();
        gpuClient = GpuClient.register(stubs, uuid, allocation.handle(), 0, REGION_BYTES);
        resp = new RespClient(daemon);
        lm = LmClient.connect(daemon);
    }

    static EveryDoor open(Path directory) throws Exception {
        return new EveryDoor(directory);
    }

    DaemonUnderTest daemon() {
        return daemon;
    }

    /** Stores, looks up and loads through each door, under keys that follow from the number; 14 MiB in all. */
    void use(int round) throws IOException, ExecutionException, InterruptedException {
        String key = "grpc-" + round;
        PutResponse put = stubs.put(key, Payloads.bytes(key, LARGE));
        assertThat(put.getStatus()).as(put.toString()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(stubs.lookup(key, "absent").getLeadingHits()).isOne();
        assertThat(stubs.get(key).last().getStatus()).isEqualTo(GetStatus.GET_STATUS_HIT);
        assertThat(stubs.get("absent").last().getStatus()).isEqualTo(GetStatus.GET_STATUS_MISS);
        useRegion("region-" + round);
        useGpu("gpu-" + round);
        resp.send(RespClient.command("SET", "resp-" + round, new byte[SMALL]));
        assertThat(resp.line()).isEqualTo("+OK");
        assertThat(resp.get("resp-" + round)).hasSize(SMALL);
        lm.put("lm-" + round, new byte[SMALL], LmClient.Meta.NONE);
        assertThat(lm.exists("lm-" + round)).isTrue();
        assertThat(lm.get("lm-" + round).code()).isEqualTo(LmClient.SUCCESS);
    }

    private void useRegion(String key) throws ExecutionException, InterruptedException {
        MemorySegment memory = region.memory().asSlice(0, LARGE);
        memory.copyFrom(Payloads.memory(key, LARGE));
        List<Chunk> chunk = List.of(new Chunk(ChunkKey.of(key), memory));
        assertThat(region.put(chunk).get().getFirst().isStored()).isTrue();
        assertThat(region.get(chunk).get().getFirst().isHit()).isTrue();
    }

    private void useGpu(String key) {
        allocation.memory().asSlice(0, LARGE).copyFrom(Payloads.memory(key, LARGE));
        StoreResult stored = gpuClient.store(GpuClient.item(key, 0, LARGE)).getFirst();
        assertThat(stored.getStatus()).as(stored.toString()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(gpuClient.load(GpuClient.item(key, 0, LARGE)).getFirst().getStatus())
                .isEqualTo(GetStatus.GET_STATUS_HIT);
    }

    /** One bit of what the disk gives is wrong. */
    void readWrongBytes() {
        String key = "rotten";
        assertThat(stubs.put(key, Payloads.bytes(key, SMALL)).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        plan = (call, _, _, _) -> call == Call.READ ? Fault.FLIP : null;
        assertThat(stubs.get(key).last().getReason()).isEqualTo(MissReason.MISS_REASON_CORRUPT);
        plan = FaultyEngine.NO_FAULTS;
    }

    /** The file system makes no new segment for some time; puts may be shed for a second behind it. */
    void refuseSegments() {
        plan = (call, _, _, _) -> call == Call.CREATE ? Fault.EIO : null;
        String key = "no segment for ";
        for (int i = 0; Scrape.of(daemon).count("kvstore_store_io_failures_total") == 0; i++) {
            stubs.put(key + i, Payloads.bytes(key, LARGE));
        }
        plan = FaultyEngine.NO_FAULTS;
    }

    @Override
    public void close() throws IOException {
        lm.close();
        resp.close();
        gpuClient.close();
        region.close();
        client.close();
        daemon.close();
    }
}
