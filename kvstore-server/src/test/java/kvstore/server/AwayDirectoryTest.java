package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import kvstore.v1.ExplainRequest;
import kvstore.v1.ExplainResponse;
import kvstore.v1.GetResponse;
import kvstore.v1.KeyState;
import kvstore.v1.MissReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What clients hear of chunks whose directory is away. */
@Timeout(60)
final class AwayDirectoryTest {
    private static final ByteString VALUE = ByteString.copyFrom(new byte[16 << 20]);

    @TempDir
    Path directory;

    private DaemonUnderTest start() throws StartException {
        return DaemonUnderTest.start(
                directory.resolve("first"),
                "data.more-directories=" + directory.resolve("second"),
                "data.segment-size=64MiB",
                "data.capacity=512MiB",
                "data.max-value-size=16MiB");
    }

    private static ExplainResponse explain(GeneratedStubs stubs, String key) {
        return stubs.admin()
                .explain(ExplainRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .build());
    }

    private static MissReason reason(GeneratedStubs stubs, String key) {
        GetResponse last = stubs.get(key).last();
        return last.getReason();
    }

    @Test
    void aMissSaysThatItsDirectoryIsAway() throws Exception {
        Path second = directory.resolve("second");
        Path elsewhere = directory.resolve("elsewhere");
        String key;
        try (DaemonUnderTest daemon = start()) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            IntStream.range(0, 8).forEach(i -> stubs.put("k" + i, VALUE));
            key = IntStream.range(0, 8)
                    .mapToObj(i -> "k" + i)
                    .filter(each -> explain(stubs, each).getSegmentFile().startsWith(second.toString()))
                    .findFirst()
                    .orElseThrow();
            assertThat(reason(stubs, key)).isEqualTo(MissReason.MISS_REASON_UNSPECIFIED);

            Files.move(second, elsewhere);
            Await.until(() -> reason(stubs, key) == MissReason.MISS_REASON_UNAVAILABLE);
            ExplainResponse away = explain(stubs, key);
            assertThat(away.getState()).isEqualTo(KeyState.KEY_STATE_AWAY);
            assertThat(away.getSegmentFile()).startsWith(second.toString());
            assertThat(away.getLength()).isEqualTo(VALUE.size());
            assertThat(away.getAwayReason()).contains(second.toString());
            assertThat(daemon.metric("kvstore_store_away_misses_total")).isPositive();
            assertThat(reason(stubs, "other")).isEqualTo(MissReason.MISS_REASON_ABSENT);

            Files.move(elsewhere, second);
            Await.until(() -> stubs.get(key).hit());
        }
        Files.move(second, elsewhere);
        Files.createDirectory(second);
        try (DaemonUnderTest daemon = start()) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            assertThat(reason(stubs, key)).isEqualTo(MissReason.MISS_REASON_ABSENT);
            assertThat(explain(stubs, key).getState()).isEqualTo(KeyState.KEY_STATE_ABSENT);
            assertThat(explain(stubs, key).getDirectoryUnread()).isTrue();

            Files.delete(second);
            Files.move(elsewhere, second);
            Await.until(() -> stubs.get(key).hit());
            assertThat(explain(stubs, "other").getDirectoryUnread()).isFalse();
        }
    }
}
