package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many puts that were begun and do not go on, as after a crash of many engines, beside a client that goes on. */
@Timeout(120)
final class HalfOpenPutsTest {
    private static final long SEED = 3;
    private static final int STREAMS = 1000;
    private static final int CONNECTIONS = 5;
    private static final int OTHERS = 50;

    /** All slabs of the streams with a byte are 62.5 MiB together, and puts may have 64 MiB. */
    private static final int LENGTH = 100_000;

    private final Random random = new Random(SEED);

    @Test
    void othersAreServedAndAllIsGivenBack(@TempDir Path directory) throws StartException {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory, "grpc.stall-timeout=20s");
                Peer good = new Peer(daemon, random)) {
            List<ManagedChannel> channels =
                    Stream.generate(daemon::tcp).limit(CONNECTIONS).toList();
            List<OpenCall<PutRequest, PutResponse>> calls = new ArrayList<>();
            for (int i = 0; i < STREAMS; i++) {
                calls.add(halfOpen(good, channels.get(i % CONNECTIONS), i % 2));
            }
            Await.until(() -> begun(daemon), STREAMS);
            putAndGet(good);
            assertThat(begun(daemon)).isPositive();

            // Three ways to end: the connection, the client's wish, the daemon's patience.
            channels.get(0).shutdownNow();
            for (int i = 1; i < STREAMS; i += CONNECTIONS) {
                calls.get(i).cancel();
            }
            Await.until(() -> -begun(daemon), -STREAMS * 3 / 5);
            putAndGet(good);
            for (int i = 2; i < STREAMS; i += CONNECTIONS) {
                Status end = calls.get(i).end();
                assertThat(end.getCode()).as("%s", end).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            }
            Idle.await(daemon);
            putAndGet(good);
        }
    }

    private static OpenCall<PutRequest, PutResponse> halfOpen(Peer peer, ManagedChannel channel, int dataBytes) {
        return OpenCall.start(channel, KvStoreGrpc.getPutMethod())
                .requestAll()
                .send(PutRequest.newBuilder()
                        .setBegin(GeneratedStubs.begin(peer.newKey(), LENGTH))
                        .setData(peer.bytes(dataBytes))
                        .build());
    }

    private static void putAndGet(Peer good) {
        for (int i = 0; i < OTHERS; i++) {
            String key = good.newKey();
            ByteString value = good.bytes(LENGTH);
            assertThat(good.stubs().put(key, value).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
            assertThat(good.stubs().get(key).data()).isEqualTo(value);
        }
    }

    private static long begun(DaemonUnderTest daemon) {
        return Math.round(Scrape.of(daemon).gauge("kvstore_in_flight_transfers", "direction=\"put\""));
    }
}
