package kvstore.server;

import static kvstore.server.WireContractTest.assertStatus;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import kvstore.v1.ExplainRequest;
import kvstore.v1.ExplainResponse;
import kvstore.v1.ListRequest;
import kvstore.v1.ScrubRequest;
import kvstore.v1.ScrubResponse;
import kvstore.v1.StatRequest;
import kvstore.v1.StatResponse;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Scrubs of a whole daemon, asked for and in the background. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class ScrubCallTest {
    private static final int LENGTH = 300_000;

    @TempDir
    Path directory;

    private static void fill(GeneratedStubs stubs) {
        for (int i = 0; i < 5; i++) {
            var _ = stubs.put("k" + i, Payloads.bytes("k" + i, LENGTH));
        }
    }

    @Test
    void findsAndForgetsWhatIsBad() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            fill(stubs);
            flip(explain(stubs, "k2"));
            List<ScrubResponse> answers = new ArrayList<>();
            stubs.admin()
                    .scrub(ScrubRequest.newBuilder().setReportOnly(true).build())
                    .forEachRemaining(answers::add);
            assertThat(answers).hasSize(2);
            assertThat(answers.getFirst().getBad().getKey().toStringUtf8()).isEqualTo("k2");
            assertThat(answers.getFirst().getBad().getReason()).isEqualTo("payload checksum of block 1");
            assertThat(answers.getLast().getComplete()).isTrue();
            assertThat(answers.getLast().getRecords()).isEqualTo(5);
            assertThat(answers.getLast().getBadRecords()).isEqualTo(1);
            assertThat(explain(stubs, "k2").getLastEvent()).isEmpty();

            assertThat(last(stubs.admin().scrub(ScrubRequest.getDefaultInstance()))
                            .getBadRecords())
                    .isEqualTo(1);
            assertThat(explain(stubs, "k2").getLastEvent()).isEqualTo("corrupt");
            assertThat(stubs.get("k2").hit()).isFalse();
            assertThat(stubs.get("k3").hit()).isTrue();
            Scrape scrape = Scrape.of(daemon);
            assertThat(scrape.count("kvstore_scrub_records_total", "result=\"bad\""))
                    .isEqualTo(2);
            assertThat(scrape.count("kvstore_scrub_records_total", "result=\"good\""))
                    .isEqualTo(8);
            assertThat(scrape.count("kvstore_store_ghosts")).isEqualTo(1);
            StatResponse stat = stubs.admin().stat(StatRequest.getDefaultInstance());
            assertThat(stat.getScrubBadRecords()).isEqualTo(2);
            assertThat(stat.getScrubCompletedMillis()).isPositive();
            assertThat(stat.getScrubRunning()).isFalse();
        }
    }

    @Test
    void oneAtATimeAndTheRateHolds() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            fill(stubs);
            // Five records of six blocks at 64 KiB a second would take half a minute.
            Iterator<ScrubResponse> slow = stubs.admin()
                    .scrub(ScrubRequest.newBuilder().setBytesPerSecond(1 << 16).build());
            Awaitility.await()
                    .untilAsserted(() -> assertStatus(
                            () -> last(stubs.admin().scrub(ScrubRequest.getDefaultInstance())),
                            Status.Code.FAILED_PRECONDITION,
                            "a scrub is running already"));
            daemon.stop();
            assertThat(last(slow).getComplete()).isFalse();
        }
    }

    @Test
    void aRateThatIsNoneIsRefused() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            ScrubRequest request =
                    ScrubRequest.newBuilder().setBytesPerSecond(-1).build();
            assertStatus(
                    () -> last(stubs.admin().scrub(request)), Status.Code.INVALID_ARGUMENT, "bytes_per_second is 184");
        }
    }

    @Test
    void inTheBackgroundToo() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            fill(stubs);
            flip(explain(stubs, "k4"));
        }
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory, "scrub.rate=1GiB", "scrub.interval=1h")) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            Awaitility.await().until(() -> daemon.metric("kvstore_scrub_completed_timestamp_seconds") > 0);
            assertThat(explain(stubs, "k4").getLastEvent()).isEqualTo("corrupt");
            assertThat(daemon.metric("kvstore_scrub_progress_ratio")).isEqualTo(1);
            assertThat(stubs.admin().list(ListRequest.getDefaultInstance()).getChunksCount())
                    .isEqualTo(4);
        }
    }

    private static ScrubResponse last(Iterator<ScrubResponse> answers) {
        ScrubResponse last = ScrubResponse.getDefaultInstance();
        while (answers.hasNext()) {
            last = answers.next();
        }
        return last;
    }

    private static ExplainResponse explain(GeneratedStubs stubs, String key) {
        return stubs.admin()
                .explain(ExplainRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .build());
    }

    /** A bit in the second block of the payload. */
    private static void flip(ExplainResponse here) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(here.getSegmentFile(), "rw")) {
            file.seek(here.getOffset() + 2 * 65_536 + 9);
            int old = file.read();
            file.seek(here.getOffset() + 2 * 65_536 + 9);
            file.write(old ^ 0x10);
        }
    }
}
