package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import kvstore.v1.GetRequest;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.HelloRequest;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import kvstore.v1.StatRequest;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who gets in when memory is used up, and while the daemon stops. */
@Timeout(60)
final class AdmissionTest {
    private static final int MIB = 1 << 20;
    private static final int FRAME_BYTES = 512 * 1024;

    /** All slabs, and what of them puts may have: {@link DaemonUnderTest} has 128 MiB, and half is the default. */
    private static final long MEMORY_BYTES = 128L * MIB;

    private static final long WRITE_BYTES = MEMORY_BYTES / 2;
    private static final int SLAB_BYTES = 16 * MIB;

    private static final ByteString SMALL = Payloads.bytes("small", 100_000);

    @TempDir
    Path directory;

    private @Nullable DaemonUnderTest daemon;
    private @Nullable GeneratedStubs client;
    private final List<OpenCall<?, ?>> open = new ArrayList<>();

    @AfterEach
    void stop() {
        open.forEach(OpenCall::cancel);
        daemon().close();
    }

    @Test
    void putsAreShedWhenTheirShareIsUsedUpAndGetsAreServed() throws StartException {
        start("grpc.put-wait=300ms");
        store();
        useUpTheWriteShare();
        long begin = System.nanoTime();
        PutResponse answer = client().put("other", SMALL);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        assertThat(answer.getStatus()).isEqualTo(PutStatus.PUT_STATUS_SHED);
        assertThat(answer.getReason()).isEqualTo(PutReason.PUT_REASON_NO_MEMORY);
        assertThat(answer.getMessage()).contains("no memory for writes");
        assertThat(client().get("small").data().equals(SMALL)).isTrue();
        Scrape scrape = Scrape.of(daemon());
        assertThat(scrape.count("kvstore_put_chunks_total", "reason=\"no_memory\""))
                .isEqualTo(1);
        assertThat(scrape.count("kvstore_memory_wait_seconds_count", "direction=\"put\"", "outcome=\"timed_out\""))
                .isEqualTo(1);
        giveBack();
        assertThat(client().put("other", SMALL).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
    }

    /** Not even indirectly, by evicting it for a place that the shed put then does not use. */
    @Test
    void aPutThatIsShedCostsNothingThatIsStored() throws StartException {
        start("grpc.put-wait=20ms", "data.capacity=256MiB", "data.max-value-size=20MiB");
        List<Map.Entry<String, ByteString>> chunks = IntStream.range(0, 100)
                .mapToObj(i -> Map.entry("chunk-" + i, Payloads.bytes("chunk-" + i, MIB)))
                .toList();
        assertThat(client().put(chunks)).allMatch(answer -> answer.getStatus() == PutStatus.PUT_STATUS_STORED);
        useUpTheWriteShare();
        for (int i = 0; i < 20; i++) {
            assertThat(client().put("shed-" + i, Payloads.bytes("shed", SLAB_BYTES))
                            .getReason())
                    .isEqualTo(PutReason.PUT_REASON_NO_MEMORY);
            assertThat(client().put("chunk-1", Payloads.bytes("chunk-1", MIB)).getStatus())
                    .isEqualTo(PutStatus.PUT_STATUS_ALREADY_STORED);
        }
        String[] keys = chunks.stream().map(Map.Entry::getKey).toArray(String[]::new);
        assertThat(client().lookup(keys).getLeadingHits()).isEqualTo(keys.length);
        assertThat(Scrape.of(daemon()).count("kvstore_store_evicted_chunks_total"))
                .isZero();
        giveBack();
    }

    @Test
    void getsWaitInLineAndLookupsDoNot() throws StartException {
        start("grpc.put-wait=300ms", "grpc.get-wait=30s");
        store();
        useUpTheWriteShare();
        OpenCall<GetRequest, GetResponse> unread = useUpTheRest();
        OpenCall<GetRequest, GetResponse> waiting = get(daemon().tcp(), "small").requestAll();
        Await.until(() -> Math.round(Scrape.of(daemon()).gauge("kvstore_memory_waiters")), 1);
        // On its own connection, and on that of a transfer that does not move.
        for (GeneratedStubs stubs : List.of(client(), new GeneratedStubs(daemon().unix()))) {
            assertThat(stubs.lookup("small", "absent").getLeadingHits()).isEqualTo(1);
            assertThat(stubs.blocking().hello(HelloRequest.getDefaultInstance()).getNode())
                    .isEqualTo("test");
            assertThat(stubs.admin().stat(StatRequest.getDefaultInstance()).getMemoryUsedBytes())
                    .isEqualTo(MEMORY_BYTES);
        }
        assertThat(client().put("other", SMALL).getReason()).isEqualTo(PutReason.PUT_REASON_NO_MEMORY);
        assertThat(waiting.isEnded()).isFalse();
        assertThat(waiting.answers()).isEmpty();

        unread.cancel();
        assertThat(waiting.end().isOk()).isTrue();
        assertThat(waiting.answers().getLast().getStatus()).isEqualTo(GetStatus.GET_STATUS_HIT);
        assertThat(waiting.answers().getFirst().getData().equals(SMALL)).isTrue();
        giveBack();
    }

    @Test
    void aGetThatWaitedInVainIsAMiss() throws StartException {
        start("grpc.get-wait=300ms");
        store();
        useUpTheWriteShare();
        useUpTheRest();
        GeneratedStubs.Got got = client().get("small");
        assertThat(got.hit()).isFalse();
        assertThat(got.last().getReason()).isEqualTo(MissReason.MISS_REASON_NO_MEMORY);
        assertThat(Scrape.of(daemon()).count("kvstore_get_chunks_total", "reason=\"no_memory\""))
                .isEqualTo(1);
        giveBack();
        assertThat(client().get("small").data().equals(SMALL)).isTrue();
    }

    /** Its caller has gone, and others want the memory. */
    @Test
    void aGetThatIsCancelledLeavesTheLine() throws StartException {
        start("grpc.get-wait=10m");
        store();
        useUpTheWriteShare();
        useUpTheRest();
        OpenCall<GetRequest, GetResponse> waiting = get(daemon().tcp(), "small").requestAll();
        Await.until(() -> Math.round(Scrape.of(daemon()).gauge("kvstore_memory_waiters")), 1);
        waiting.cancel();
        Awaitility.await().until(() -> Scrape.of(daemon()).gauge("kvstore_memory_waiters") == 0);
        giveBack();
    }

    @Test
    void callsUnderWayEndWhileTheDaemonDrains() throws Exception {
        start("shutdown.drain-timeout=30s");
        ManagedChannel channel = daemon().tcp();
        OpenCall<HealthCheckRequest, HealthCheckResponse> health = OpenCall.start(channel, HealthGrpc.getWatchMethod())
                .requestAll()
                .send(HealthCheckRequest.getDefaultInstance())
                .halfClose();
        Awaitility.await().until(() -> !health.answers().isEmpty());
        assertThat(health.answers().getFirst().getStatus()).isEqualTo(ServingStatus.SERVING);
        OpenCall<PutRequest, PutResponse> put = begun(channel, "key", SLAB_BYTES, 1);
        Await.until(this::memoryUsed, 1);

        CompletableFuture<Void> stopped = CompletableFuture.runAsync(daemon()::stop);
        Awaitility.await().until(() -> daemon().http("/readyz").statusCode() == 503);
        assertThat(daemon().http("/readyz").body()).contains("stopping");
        assertThat(daemon().http("/healthz").statusCode()).isEqualTo(200);
        Awaitility.await().until(() -> health.answers().getLast().getStatus() == ServingStatus.NOT_SERVING);
        health.cancel();
        Awaitility.await().until(this::refused);
        assertThat(put.isEnded()).isFalse();
        assertThat(stopped.isDone()).isFalse();

        ByteString value = Payloads.bytes("key", SLAB_BYTES);
        for (int at = 1; at < SLAB_BYTES; at += FRAME_BYTES) {
            put.send(PutRequest.newBuilder()
                    .setData(value.substring(at, Math.min(SLAB_BYTES, at + FRAME_BYTES)))
                    .build());
        }
        put.halfClose();
        assertThat(put.end().isOk()).isTrue();
        assertThat(put.answers()).singleElement().returns(PutStatus.PUT_STATUS_STORED, PutResponse::getStatus);
        stopped.join();
        daemon().close();
        start();
        assertThat(client().get("key").data().equals(value)).isTrue();
    }

    @Test
    void aCallThatDoesNotEndIsCutOff() throws StartException {
        start("shutdown.drain-timeout=500ms");
        OpenCall<PutRequest, PutResponse> put = begun(daemon().tcp(), "key", SLAB_BYTES, 1);
        Await.until(this::memoryUsed, 1);
        long begin = System.nanoTime();
        daemon().stop();
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .isBetween(Duration.ofMillis(500), Duration.ofSeconds(10));
        assertThat(put.end().getCode()).isIn(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);
        daemon().close();
        start();
        assertThat(client().lookup("key").getLeadingHits()).isZero();
    }

    /** Whether a new connection is not served. */
    private boolean refused() {
        try {
            return new GeneratedStubs(daemon().tcp()).lookup("key").getLeadingHits() < 0;
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode() == Status.Code.UNAVAILABLE;
        }
    }

    /** A small value, and two of more pieces than one get reads ahead: gets of one and the same would share memory. */
    private void store() {
        assertThat(client().put("small", SMALL).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        ByteString large = Payloads.bytes("large", Payloads.LENGTH_MAX);
        ByteString larger = large.concat(large).concat(large);
        assertThat(client().put("large", larger).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(client().put("other-large", larger).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
    }

    /** Puts that have begun and do not go on hold all that puts may have. */
    private void useUpTheWriteShare() {
        for (int i = 0; i < WRITE_BYTES / SLAB_BYTES; i++) {
            open.add(begun(daemon().tcp(), "begun-" + i, SLAB_BYTES, 1));
        }
        Await.until(this::memoryUsed, WRITE_BYTES);
    }

    /** Gets whose client does not read hold the rest: two pieces each. Returns one of them. */
    private OpenCall<GetRequest, GetResponse> useUpTheRest() {
        OpenCall<GetRequest, GetResponse> first = get(daemon().tcp(), "large");
        open.add(first);
        Await.until(this::memoryUsed, WRITE_BYTES + 2L * SLAB_BYTES);
        open.add(get(daemon().tcp(), "other-large"));
        Await.until(this::memoryUsed, MEMORY_BYTES);
        return first;
    }

    private void giveBack() {
        open.forEach(OpenCall::cancel);
        Idle.await(daemon());
    }

    private static OpenCall<PutRequest, PutResponse> begun(
            ManagedChannel channel, String key, int length, int sentBytes) {
        return OpenCall.start(channel, KvStoreGrpc.getPutMethod())
                .requestAll()
                .send(PutRequest.newBuilder()
                        .setBegin(GeneratedStubs.begin(key, length))
                        .setData(Payloads.bytes(key, length).substring(0, sentBytes))
                        .build());
    }

    private static OpenCall<GetRequest, GetResponse> get(ManagedChannel channel, String key) {
        return OpenCall.start(channel, KvStoreGrpc.getGetMethod())
                .send(GetRequest.newBuilder()
                        .addKeys(ByteString.copyFromUtf8(key))
                        .build())
                .halfClose();
    }

    private long memoryUsed() {
        return Math.round(Scrape.of(daemon()).gauge("kvstore_memory_used_bytes"));
    }

    private void start(String... sets) throws StartException {
        daemon = DaemonUnderTest.start(directory, sets);
        client = new GeneratedStubs(daemon.tcp());
    }

    private GeneratedStubs client() {
        return Objects.requireNonNull(client);
    }

    private DaemonUnderTest daemon() {
        return Objects.requireNonNull(daemon);
    }
}
