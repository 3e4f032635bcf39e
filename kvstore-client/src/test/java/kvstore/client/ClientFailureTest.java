package kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import kvstore.api.ChunkKey;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A client against daemons that are away, slow, or do not keep the contract: always a typed failure, never wrong bytes. */
@Timeout(60)
final class ClientFailureTest {
    private static final GetResponse HEAD = GetResponse.newBuilder()
            .setLength(10)
            .setData(ByteString.copyFromUtf8("01234"))
            .build();
    private static final GetResponse TAIL = GetResponse.newBuilder()
            .setData(ByteString.copyFromUtf8("56789"))
            .setStatus(GetStatus.GET_STATUS_HIT)
            .build();

    private final Arena arena = Arena.ofShared();
    private FakeDaemon daemon;
    private KvStoreClient client;

    @BeforeEach
    void start() throws IOException {
        daemon = FakeDaemon.onTcp();
        client = KvStoreClient.connect(daemon.target(), ClientOptions.defaults());
    }

    @AfterEach
    void stop() {
        client.close();
        daemon.close();
        arena.close();
    }

    @Test
    void getAcceptsTheContract() {
        daemonSends(HEAD, TAIL);
        assertThat(get().join()).containsExactly(new GetResult.Hit(10));
    }

    @Test
    void getOfMoreThanAnnounced() {
        daemonSends(HEAD, HEAD.toBuilder().clearLength().build(), TAIL);
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("another length than the 10 bytes");
    }

    @Test
    void getOfFewerThanAnnounced() {
        daemonSends(HEAD.toBuilder().setStatus(GetStatus.GET_STATUS_HIT).build());
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("a HIT after 5 of 10 bytes");
    }

    @Test
    void getOfAnotherLength() {
        daemonSends(HEAD.toBuilder().setLength(11).build());
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("another length");
        daemonSends(HEAD.toBuilder().setLength(-1).build());
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("another length");
    }

    @Test
    void getOfAKeyThatWasNotAskedFor() {
        daemonSends(HEAD.toBuilder().setIndex(1).build());
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("chunk 1 of 1");
        daemonSends(HEAD.toBuilder().setIndex(-1).build());
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("chunk 4294967295 of 1");
    }

    @Test
    void getThatGoesOnAfterItsEnd() {
        daemonSends(HEAD, TAIL, HEAD);
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("a second answer");
    }

    @Test
    void getThatEndsWithoutAnEnd() {
        daemonSends(HEAD);
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("after 0 of 1 answers");
    }

    @Test
    void getWithAStatusOfTheFuture() {
        daemonSends(HEAD.toBuilder().setStatusValue(77).build());
        assertFailure(get(), Status.Code.INTERNAL).hasMessageContaining("status 77");
    }

    @Test
    void getThatFailsUnderWay() {
        daemon.get = (_, out) -> {
            out.onNext(HEAD);
            out.onError(Status.UNAVAILABLE.withDescription("stopping").asRuntimeException());
        };
        assertFailure(get(), Status.Code.UNAVAILABLE)
                .hasMessageContaining(daemon.target().toString())
                .hasMessageContaining("stopping");
    }

    @Test
    void getThatNeverEnds() {
        daemon.get = (_, out) -> out.onNext(HEAD);
        try (KvStoreClient hasty = hastyClient()) {
            assertFailure(hasty.get(List.of(Payloads.empty(arena, "k", 10))), Status.Code.DEADLINE_EXCEEDED)
                    .hasMessageContaining("within 0.3s");
        }
    }

    @Test
    void cancellingTheFutureEndsTheCall() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        daemon.get = (_, out) -> {
            ((ServerCallStreamObserver<GetResponse>) out).setOnCancelHandler(cancelled::countDown);
            out.onNext(HEAD);
            started.countDown();
        };
        CompletableFuture<List<GetResult>> future = get();
        assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();
        future.cancel(true);
        assertThat(cancelled.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void putThatFailsUnderWay() {
        daemonReceives((request, out) -> {
            if (request.hasBegin()) {
                out.onError(Status.RESOURCE_EXHAUSTED
                        .withDescription("begin.length: 5000000, and the limit is 5")
                        .asRuntimeException());
            }
        });
        assertFailure(put(5_000_000), Status.Code.RESOURCE_EXHAUSTED)
                .hasMessageContaining("refused the call")
                .hasMessageContaining("the limit is 5");
    }

    @Test
    void putWithoutAnswers() {
        daemonReceives((request, out) -> {
            if (request.hasBegin()) {
                out.onCompleted();
            }
        });
        assertFailure(put(10), Status.Code.INTERNAL).hasMessageContaining("after 0 of 1 answers");
    }

    @Test
    void putWithTooManyAnswers() {
        PutResponse stored =
                PutResponse.newBuilder().setStatus(PutStatus.PUT_STATUS_STORED).build();
        daemonReceives((request, out) -> {
            if (request.hasBegin()) {
                out.onNext(stored);
                out.onNext(stored);
            }
        });
        assertFailure(put(10), Status.Code.INTERNAL).hasMessageContaining("a second answer");
    }

    @Test
    void putWithAnAnswerForWhatWasNotSent() {
        daemonReceives((request, out) -> {
            if (request.hasBegin()) {
                out.onNext(PutResponse.newBuilder()
                        .setIndex(1)
                        .setStatus(PutStatus.PUT_STATUS_STORED)
                        .build());
            }
        });
        assertFailure(put(10), Status.Code.INTERNAL).hasMessageContaining("chunk 1 of 1");
    }

    @Test
    void putWithAnAnswerThatSaysNothing() {
        daemonReceives((request, out) -> {
            if (request.hasBegin()) {
                out.onNext(PutResponse.getDefaultInstance());
            }
        });
        assertFailure(put(10), Status.Code.INTERNAL).hasMessageContaining("without a status");
    }

    @Test
    void putIntoADaemonThatDoesNotRead() {
        // far more than fits under way: the client must wait, and its deadline must end that
        daemon.put = out -> {
            ((ServerCallStreamObserver<PutResponse>) out).disableAutoRequest();
            return new Receiver((_, _) -> {}, out);
        };
        try (KvStoreClient hasty = hastyClient()) {
            assertFailure(hasty.put(List.of(Payloads.empty(arena, "k", 64 << 20))), Status.Code.DEADLINE_EXCEEDED);
        }
    }

    @Test
    void controlCallThatIsNeverAnswered() {
        daemon.silent = true;
        try (KvStoreClient hasty = hastyClient()) {
            assertThatThrownBy(hasty::stat)
                    .isInstanceOfSatisfying(
                            KvStoreException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
        }
    }

    @Test
    void callOverALimit() {
        List<ChunkKey> keys = Collections.nCopies(FakeDaemon.KEYS_PER_CALL + 1, ChunkKey.of("k"));
        assertThatThrownBy(() -> client.lookup(keys, Duration.ZERO))
                .isInstanceOf(KvStoreException.class)
                .hasMessageContaining("refused the call: keys: 4, and the limit is 3");
    }

    @Test
    void nobodyListensOnTheSocket(@TempDir Path directory) {
        Target nowhere = new Target.Unix(directory.resolve("no.sock"));
        try (KvStoreClient lost = KvStoreClient.connect(nowhere, ClientOptions.defaults())) {
            assertUnreachable(lost, nowhere);
        }
    }

    @Test
    void nobodyListensOnThePort() throws IOException {
        Target nowhere;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nowhere = new Target.Tcp("127.0.0.1", socket.getLocalPort());
        }
        try (KvStoreClient lost = KvStoreClient.connect(nowhere, ClientOptions.defaults())) {
            assertUnreachable(lost, nowhere);
            assertThatThrownBy(lost::hello).hasMessageContaining("(Connection refused)");
        }
    }

    private void assertUnreachable(KvStoreClient lost, Target nowhere) {
        Consumer<KvStoreException> cured = e -> assertThat(e)
                .hasMessageStartingWith("cannot reach " + nowhere + " (")
                .hasMessageEndingWith("is the daemon running? start it with `kvstore serve`")
                .hasMessageNotContaining("\n");
        assertThatThrownBy(lost::hello).isInstanceOfSatisfying(KvStoreException.class, cured);
        assertThatThrownBy(lost.put(List.of(Payloads.empty(arena, "k", 1)))::join)
                .cause()
                .isInstanceOfSatisfying(KvStoreException.class, cured);
    }

    private KvStoreClient hastyClient() {
        return KvStoreClient.connect(daemon.target(), ClientOptions.defaults().withTimeout(Duration.ofMillis(300)));
    }

    private CompletableFuture<List<GetResult>> get() {
        return client.get(List.of(Payloads.empty(arena, "k", 10)));
    }

    private CompletableFuture<List<PutResult>> put(int size) {
        return client.put(List.of(Payloads.empty(arena, "k", size)));
    }

    private void daemonSends(GetResponse... responses) {
        daemon.get = (_, out) -> {
            List.of(responses).forEach(out::onNext);
            out.onCompleted();
        };
    }

    private void daemonReceives(BiConsumer<PutRequest, StreamObserver<PutResponse>> onRequest) {
        daemon.put = out -> new Receiver(onRequest, out);
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertFailure(
            CompletableFuture<?> future, Status.Code code) {
        Throwable thrown = Assertions.catchThrowable(future::join);
        assertThat(thrown).isInstanceOf(CompletionException.class);
        return assertThat(thrown.getCause())
                .isInstanceOfSatisfying(
                        KvStoreException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageNotContaining("\n");
    }

    private record Receiver(
            BiConsumer<PutRequest, StreamObserver<PutResponse>> onRequest, StreamObserver<PutResponse> out)
            implements StreamObserver<PutRequest> {
        @Override
        public void onNext(PutRequest request) {
            onRequest.accept(request, out);
        }

        @Override
        public void onError(Throwable thrown) {}

        @Override
        public void onCompleted() {}
    }
}
