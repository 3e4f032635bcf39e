package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import kvstore.server.OtlpReceiver.Span;
import kvstore.v1.GetStatus;
import kvstore.v1.PutStatus;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One load, followed from its caller's trace to the disk, by a receiver of OTLP. */
@Timeout(60)
final class TracesTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CALLER = "b7ad6b7169203331";
    private static final Metadata.Key<String> TRACEPARENT =
            Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

    @TempDir
    Path directory;

    private OtlpReceiver receiver;
    private DaemonUnderTest daemon;

    @BeforeEach
    void start() throws Exception {
        receiver = OtlpReceiver.start();
        daemon =
                DaemonUnderTest.start(directory, "tracing.endpoint=" + receiver.endpoint(), "tracing.sampling-ratio=0");
    }

    @AfterEach
    void stop() {
        daemon.close();
        receiver.close();
    }

    private GeneratedStubs calledFrom(String flags) {
        Metadata headers = new Metadata();
        headers.put(TRACEPARENT, "00-" + TRACE + "-" + CALLER + "-" + flags);
        return new GeneratedStubs(
                ClientInterceptors.intercept(daemon.tcp(), MetadataUtils.newAttachHeadersInterceptor(headers)));
    }

    @Test
    void aLoadIsFollowedToTheDisk() {
        GeneratedStubs stubs = calledFrom("01");
        long before = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis() - 1);
        assertThat(stubs.put("key", Payloads.bytes("key", 3 << 20)).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(stubs.get("key").last().getStatus()).isEqualTo(GetStatus.GET_STATUS_HIT);

        Awaitility.await().until(() -> receiver.spans().stream().anyMatch(span -> isCall(span, "Get")));
        Span call = receiver.spans().stream()
                .filter(span -> isCall(span, "Get"))
                .findFirst()
                .orElseThrow();
        assertThat(call.trace()).isEqualTo(TRACE);
        assertThat(call.parent()).isEqualTo(CALLER);
        List<Span> parts = receiver.spans().stream()
                .filter(span -> span.parent().equals(call.id()))
                .toList();
        assertThat(parts)
                .extracting(Span::name)
                .containsExactlyInAnyOrder("index", "admission", "disk read", "checksum", "send");
        assertThat(parts).allSatisfy(part -> {
            assertThat(part.trace()).isEqualTo(TRACE);
            assertThat(part.startNanos()).isBetween(before, part.endNanos());
        });
        assertThat(Set.of("disk read", "checksum"))
                .allMatch(name -> parts.stream()
                        .anyMatch(part -> part.name().equals(name) && part.endNanos() > part.startNanos()));
    }

    @Test
    void whatTheCallerDoesNotTraceIsNotTraced() {
        assertThat(calledFrom("00").get("absent").last().getStatus()).isEqualTo(GetStatus.GET_STATUS_MISS);
        assertThat(calledFrom("01").get("absent").last().getStatus()).isEqualTo(GetStatus.GET_STATUS_MISS);

        daemon.stop(); // sends what is left
        assertThat(receiver.spans()).filteredOn(span -> isCall(span, "Get")).hasSize(1);
    }

    @Test
    void aReceiverThatIsAwayCostsSpansAndNothingElse() {
        receiver.close();
        GeneratedStubs stubs = calledFrom("01");
        for (int i = 0; i < 10; i++) {
            assertThat(stubs.put("key " + i, Payloads.bytes("key", 1000)).getStatus())
                    .isEqualTo(PutStatus.PUT_STATUS_STORED);
            assertThat(stubs.get("key " + i).last().getStatus()).isEqualTo(GetStatus.GET_STATUS_HIT);
        }
        long begin = System.nanoTime();
        daemon.stop();
        assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(10));
    }

    private static boolean isCall(Span span, String method) {
        return span.name().equals("kvstore.v1.KvStore/" + method);
    }
}
