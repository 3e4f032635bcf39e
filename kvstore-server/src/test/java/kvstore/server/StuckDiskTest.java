package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import kvstore.server.testing.HeldEngine;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import kvstore.v1.StatRequest;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What clients and operators see of a disk that hangs, and of one that comes back. */
@Timeout(60)
final class StuckDiskTest {
    private static final ByteString VALUE = Payloads.bytes("key", 3 << 20);

    @TempDir
    Path directory;

    private @Nullable HeldEngine engine;
    private @Nullable DaemonUnderTest daemon;
    private @Nullable GeneratedStubs client;

    @BeforeEach
    void start() throws StartException {
        DaemonUnderTest started = DaemonUnderTest.start(
                directory,
                between -> {
                    engine = new HeldEngine(between);
                    return engine;
                },
                "io.operation-timeout=400ms",
                "io.probe-interval=20ms");
        daemon = started;
        client = new GeneratedStubs(started.tcp());
        assertThat(client.put("key", VALUE).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
    }

    @AfterEach
    void stop() {
        engine().reads().release();
        engine().writes().release();
        daemon().close();
    }

    @Test
    void getsAreMissesFirstInTimeAndThenAtOnce() {
        engine().reads().hold();
        GeneratedStubs.Got timedOut = client().get("key");
        assertThat(timedOut.last().getStatus()).isEqualTo(GetStatus.GET_STATUS_MISS);
        assertThat(timedOut.last().getReason()).isEqualTo(MissReason.MISS_REASON_IO_TIMEOUT);
        assertThat(daemon().metric("kvstore_memory_used_bytes"))
                .as("what the disk may still write to")
                .isPositive();
        Awaitility.await().until(() -> daemon().http("/readyz").statusCode() == 503);

        int asked = engine().reads().asked();
        assertThat(client().get("key").last().getReason()).isEqualTo(MissReason.MISS_REASON_UNAVAILABLE);
        assertThat(engine().reads().asked()).as("asked of the disk").isEqualTo(asked);
        assertThat(client().lookup("key").getLeadingHits()).isEqualTo(1);
        assertThat(client().put("other", VALUE).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(daemon().http("/readyz").body()).contains("reads are refused: none of");
        assertThat(daemon().http("/healthz").body()).startsWith("degraded: reads are refused");
        Awaitility.await().until(() -> health() == ServingStatus.NOT_SERVING);
        assertThat(client().admin().stat(StatRequest.getDefaultInstance()).getDiskTrouble())
                .contains("reads are refused");
        Scrape scrape = Scrape.of(daemon());
        assertThat(scrape.gauge("kvstore_io_breaker_open", "direction=\"read\""))
                .isEqualTo(1);
        assertThat(scrape.gauge("kvstore_io_breaker_open", "direction=\"write\""))
                .isZero();
        assertThat(scrape.count("kvstore_get_chunks_total", "reason=\"unavailable\""))
                .isEqualTo(1);

        engine().reads().release();
        Awaitility.await().until(() -> daemon().http("/readyz").statusCode() == 200);
        Awaitility.await().until(() -> health() == ServingStatus.SERVING);
        assertThat(client().get("key").data().equals(VALUE)).isTrue();
        Idle.await(daemon());
    }

    @Test
    void putsAreShedAndReadsGoOn() {
        engine().writes().hold();
        PutResponse timedOut = client().put("other", VALUE);
        assertThat(timedOut.getStatus()).isEqualTo(PutStatus.PUT_STATUS_SHED);
        assertThat(timedOut.getReason()).isEqualTo(PutReason.PUT_REASON_IO_TIMEOUT);
        Awaitility.await().until(() -> daemon().http("/healthz").body().startsWith("degraded: writes are refused"));
        long begin = System.nanoTime();
        assertThat(client().put("third", VALUE).getReason()).isEqualTo(PutReason.PUT_REASON_UNAVAILABLE);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
        assertThat(daemon().http("/readyz").statusCode()).as("reads are served").isEqualTo(200);
        assertThat(client().get("key").data().equals(VALUE)).isTrue();

        engine().writes().release();
        Awaitility.await().until(() -> daemon().http("/healthz").body().equals("ok\n"));
        assertThat(client().put("third", VALUE).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        Idle.await(daemon());
    }

    private ServingStatus health() {
        return HealthGrpc.newBlockingStub(daemon().unix())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus();
    }

    private GeneratedStubs client() {
        return Objects.requireNonNull(client);
    }

    private DaemonUnderTest daemon() {
        return Objects.requireNonNull(daemon);
    }

    private HeldEngine engine() {
        return Objects.requireNonNull(engine);
    }
}
