package kvstore.server;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import kvstore.testkit.GpuStubs;
import kvstore.testkit.GpuStubs.ClientMemory;
import kvstore.testkit.GpuStubs.Operation;

/** A process whose daemon stops while requests to cuFile hang for ever, and which ends then. Its argument: a directory. */
final class GpuStop {
    private static final int MIB = 1 << 20;

    private GpuStop() {}

    /** Writes how long the stop took, on standard output. */
    public static void main(String[] arguments) throws Exception {
        GpuStubs gpu = new GpuStubs();
        gpu.nvidiaFs(2);
        ClientMemory memory = gpu.allocate(16 * MIB);
        DaemonUnderTest daemon = DaemonUnderTest.start(
                Path.of(arguments[0]),
                "gds.mode=require",
                "gds.cuda-library=" + gpu.cudaPath(),
                "gds.cufile-library=" + gpu.cuFilePath(),
                "gds.log-directory=" + arguments[0],
                "gds.read-threads=4",
                "gds.piece-size=1MiB",
                "gds.shutdown-timeout=2s");
        GeneratedStubs stubs = new GeneratedStubs(daemon.unix());
        byte[] uuid = stubs.blocking()
                .hello(kvstore.v1.HelloRequest.getDefaultInstance())
                .getGpus(0)
                .getUuid()
                .toByteArray();
        GpuClient client = GpuClient.register(stubs, uuid, memory.handle(), 0, 16 * MIB);
        client.store(GpuClient.item("hangs", 0, 4 * MIB));
        gpu.fail(Operation.READ, GpuStubs.HANG, 4);
        Thread.ofPlatform().daemon().start(() -> client.load(GpuClient.item("hangs", 8 * MIB, 4 * MIB)));
        Await.until(() -> gpu.hanging() == 4);
        Instant begin = Instant.now();
        daemon.close();
        System.out.println(
                "stopped after " + Duration.between(begin, Instant.now()).toMillis() + " ms");
        Runtime.getRuntime().halt(0);
    }
}
