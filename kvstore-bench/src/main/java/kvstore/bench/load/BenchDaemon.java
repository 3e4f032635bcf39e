package kvstore.bench.load;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import kvstore.api.ChunkKey;
import kvstore.bench.DaemonProcess;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.Target;
import kvstore.v1.ListResponse;
import kvstore.v1.StatResponse;

/**
 * The daemon under test, the same through all rounds: one that has just started runs at half its speed, until Java has
 * compiled what is used most.
 */
final class BenchDaemon implements AutoCloseable {
    private static final int CONNECTIONS = 4;

    private final DaemonProcess process;
    private final KvStoreClient client;
    private final HeapMeter heap;

    BenchDaemon(DaemonProcess process) {
        this.process = process;
        client = KvStoreClient.connect(
                process.target(),
                ClientOptions.defaults().withTransferConnections(CONNECTIONS).withClientName("kvstore-bench"));
        heap = HeapMeter.attach(process.pid());
    }

    Target target() {
        return process.target();
    }

    KvStoreClient client() {
        return client;
    }

    /** What all threads of the daemon have allocated on its heap since its start, in bytes. */
    OptionalLong allocatedBytes() {
        return heap.allocatedBytes();
    }

    /** What all threads of the daemon have taken of the processors since its start; zero where the system does not say. */
    Duration processorTime() {
        return ProcessHandle.of(process.pid())
                .flatMap(daemon -> daemon.info().totalCpuDuration())
                .orElse(Duration.ZERO);
    }

    StatResponse stat() {
        return client.stat();
    }

    /** Deletes every key. */
    void forgetAll() {
        String page = "";
        do {
            ListResponse listed = client.list(ByteString.EMPTY, page, 0);
            List<ChunkKey> keys = listed.getChunksList().stream()
                    .map(chunk -> ChunkKey.of(chunk.getKey().toByteArray()))
                    .toList();
            if (!keys.isEmpty()) {
                var _ = client.delete(keys);
            }
            page = listed.getNextPageToken();
        } while (!page.isEmpty());
    }

    /** Lets go of the daemon, and stops it. */
    @Override
    public void close() {
        heap.close();
        client.close();
        process.stop();
    }
}
