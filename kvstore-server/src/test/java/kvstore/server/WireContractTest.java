package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import kvstore.v1.DeleteRequest;
import kvstore.v1.ExplainRequest;
import kvstore.v1.ExplainResponse;
import kvstore.v1.GetRequest;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.HelloRequest;
import kvstore.v1.HelloResponse;
import kvstore.v1.KeyState;
import kvstore.v1.ListRequest;
import kvstore.v1.ListResponse;
import kvstore.v1.LookupRequest;
import kvstore.v1.LookupResponse;
import kvstore.v1.MissReason;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import kvstore.v1.ReleaseRequest;
import kvstore.v1.StatRequest;
import kvstore.v1.StatResponse;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract as a client with plain generated stubs meets it, over TCP and the Unix socket. */
@Timeout(120)
final class WireContractTest {
    private static final long SEED = 3;
    private static final int MIB = 1 << 20;

    private final Random random = new Random(SEED);

    @TempDir
    Path directory;

    private DaemonUnderTest daemon;
    private GeneratedStubs client;

    @BeforeEach
    void startDaemon() throws StartException {
        daemon = DaemonUnderTest.start(directory);
        client = new GeneratedStubs(daemon.tcp());
    }

    @AfterEach
    void stopDaemon() {
        daemon.close();
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                1,
                4095,
                4096,
                4097,
                65_535,
                65_536,
                65_537,
                512 * 1024 - 1,
                512 * 1024,
                512 * 1024 + 1,
                5 * MIB + 3,
                16 * MIB - 65_536,
                16 * MIB - 65_535,
                16 * MIB,
                16 * MIB + 1,
                33 * MIB,
                64 * MIB
            })
    void everyLengthComesBackExactly(int length) {
        ByteString value = bytes(length);
        assertThat(client.put("key", value).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(client.get("key").data().equals(value)).isTrue();
        GeneratedStubs unix = new GeneratedStubs(daemon.unix());
        assertThat(unix.get("key").data().equals(value)).isTrue();
        assertThat(unix.lookup("key").getSizes(0)).isEqualTo(length);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 65_537, 512 * 1024})
    void everyFrameSizeWorks(int frameBytes) {
        ByteString value = bytes(Math.min(17 * MIB, frameBytes * 300));
        assertThat(client.send(GeneratedStubs.messages("key", value, frameBytes)))
                .singleElement()
                .returns(PutStatus.PUT_STATUS_STORED, PutResponse::getStatus);
        assertThat(client.get("key").data().equals(value)).isTrue();
    }

    @Test
    void manyChunksTravelOnOneStream() {
        List<Map.Entry<String, ByteString>> chunks = new ArrayList<>();
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            keys.add("key-" + i);
            chunks.add(Map.entry("key-" + i, bytes(1 + random.nextInt(i % 10 == 0 ? 3 * MIB : 20_000))));
        }
        assertThat(client.put(chunks))
                .hasSize(60)
                .allMatch(answer -> answer.getStatus() == PutStatus.PUT_STATUS_STORED);
        List<GeneratedStubs.Got> got = client.get(keys);
        assertThat(got).hasSize(60).allMatch(GeneratedStubs.Got::hit);
        for (int i = 0; i < 60; i++) {
            assertThat(got.get(i).data())
                    .as(keys.get(i))
                    .isEqualTo(chunks.get(i).getValue());
        }
    }

    @Test
    void helloTellsVersionsLimitsAndIdentity() {
        HelloResponse hello = client.blocking()
                .hello(HelloRequest.newBuilder().setClientName("test").build());
        assertThat(hello.getWireVersion()).isEqualTo(1);
        assertThat(hello.getNode()).isEqualTo("test");
        assertThat(hello.getEpoch()).isEqualTo(1);
        assertThat(hello.getPool()).hasSize(36);
        assertThat(hello.getLimits().getKeyBytes()).isEqualTo(1024);
        assertThat(hello.getLimits().getValueBytes()).isEqualTo(64L * MIB);
        assertThat(hello.getIoPath()).isEqualTo("odirect");
        assertStatus(
                () -> client.blocking()
                        .hello(HelloRequest.newBuilder().addWireVersions(7).build()),
                Status.Code.FAILED_PRECONDITION,
                "[7]");
    }

    @Test
    void aSecondPutOfTheSameLengthWritesNothing() {
        ByteString first = bytes(100_000);
        client.put("key", first);
        assertThat(client.put("key", bytes(100_000)).getStatus()).isEqualTo(PutStatus.PUT_STATUS_ALREADY_STORED);
        assertThat(client.get("key").data()).isEqualTo(first);
    }

    @Test
    void aPutOfAnotherLengthReplaces() {
        client.put("key", bytes(100_000));
        ByteString second = bytes(100_001);
        assertThat(client.put("key", second).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(client.get("key").data()).isEqualTo(second);
    }

    @Test
    void aMissSaysWhy() {
        client.put("key", bytes(10));
        GetRequest request = GetRequest.newBuilder()
                .addKeys(ByteString.copyFromUtf8("absent"))
                .addKeys(ByteString.copyFromUtf8("key"))
                .addKeys(ByteString.copyFromUtf8("key"))
                .addExpectedLengths(10)
                .addExpectedLengths(11)
                .addExpectedLengths(10)
                .build();
        List<GeneratedStubs.Got> got = client.get(request);
        assertThat(got.get(0).last().getReason()).isEqualTo(MissReason.MISS_REASON_ABSENT);
        assertThat(got.get(1).last().getReason()).isEqualTo(MissReason.MISS_REASON_OTHER_LENGTH);
        assertThat(got.get(1).data()).isEqualTo(ByteString.EMPTY);
        assertThat(got.get(2).last().getStatus()).isEqualTo(GetStatus.GET_STATUS_HIT);
    }

    @Test
    void lookupCountsTheLeadingHits() {
        client.put("a", bytes(10));
        client.put("b", bytes(20));
        client.put("d", bytes(30));
        LookupResponse found = client.lookup("a", "b", "c", "d");
        assertThat(found.getLeadingHits()).isEqualTo(2);
        assertThat(found.getFound()).isEqualTo(ByteString.copyFrom(new byte[] {0b1011}));
        assertThat(found.getSizesList()).containsExactly(10L, 20L, 0L, 30L);
        assertThat(found.getLeaseId()).isZero();
    }

    @Test
    void aLeaseIsGivenAndReleased() {
        client.put("a", bytes(10));
        LookupRequest request = LookupRequest.newBuilder()
                .addKeys(ByteString.copyFromUtf8("a"))
                .setLeaseMillis(Integer.MAX_VALUE)
                .build();
        LookupResponse found = client.blocking().lookup(request);
        assertThat(found.getLeaseId()).isNotZero();
        assertThat(found.getLeaseMillis()).isEqualTo(60_000);
        client.blocking()
                .release(ReleaseRequest.newBuilder()
                        .addLeaseIds(found.getLeaseId())
                        .addLeaseIds(4711)
                        .build());
    }

    @Test
    void deleteForgets() {
        client.put("a", bytes(10));
        DeleteRequest request = DeleteRequest.newBuilder()
                .addKeys(ByteString.copyFromUtf8("a"))
                .addKeys(ByteString.copyFromUtf8("b"))
                .build();
        assertThat(client.blocking().delete(request).getDeleted()).isEqualTo(ByteString.copyFrom(new byte[] {1}));
        assertThat(client.get("a").last().getReason()).isEqualTo(MissReason.MISS_REASON_ABSENT);
        assertThat(client.put("a", bytes(10)).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
    }

    @Test
    void aPutInFlightIsPresentForItsClientAloneAndAGetOfItWaits() {
        ByteString value = bytes(1000);
        GeneratedStubs.Collector<PutResponse> answers = new GeneratedStubs.Collector<>();
        StreamObserver<PutRequest> put = client.async().put(answers);
        put.onNext(PutRequest.newBuilder()
                .setBegin(GeneratedStubs.begin("key", 1000).toBuilder().setClientId("me"))
                .setData(value.substring(0, 400))
                .build());
        await().untilAsserted(() -> assertThat(lookupAs("me").getLeadingHits()).isEqualTo(1));
        assertThat(lookupAs("you").getLeadingHits()).isZero();
        assertThat(lookupAs("").getLeadingHits()).isZero();
        GeneratedStubs other = new GeneratedStubs(daemon.tcp());
        GeneratedStubs.Collector<GetResponse> got = new GeneratedStubs.Collector<>();
        other.async()
                .get(
                        GetRequest.newBuilder()
                                .addKeys(ByteString.copyFromUtf8("key"))
                                .build(),
                        got);
        put.onNext(PutRequest.newBuilder().setData(value.substring(400)).build());
        put.onCompleted();
        assertThat(answers.all().join().get(0).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertThat(got.all().join().get(0).getData()).isEqualTo(value);
    }

    private LookupResponse lookupAs(String clientId) {
        return client.blocking()
                .lookup(LookupRequest.newBuilder()
                        .addKeys(ByteString.copyFromUtf8("key"))
                        .setClientId(clientId)
                        .build());
    }

    @Test
    void whatWasStoredOutlivesARestart() throws StartException {
        ByteString value = bytes(3 * MIB + 1);
        client.put("key", value);
        daemon.close();
        daemon = DaemonUnderTest.start(directory);
        GeneratedStubs again = new GeneratedStubs(daemon.tcp());
        assertThat(again.get("key").data().equals(value)).isTrue();
        assertThat(again.blocking().hello(HelloRequest.getDefaultInstance()).getEpoch())
                .isEqualTo(2);
    }

    @Test
    void statAndListShowWhatIsThere() {
        for (int i = 0; i < 25; i++) {
            client.put("key-" + i, bytes(100 + i));
        }
        StatResponse stat = client.admin().stat(StatRequest.getDefaultInstance());
        assertThat(stat.getChunks()).isEqualTo(25);
        assertThat(stat.getStoredChunks()).isEqualTo(25);
        assertThat(stat.getChunkBytes()).isEqualTo(25 * 100 + 300);
        assertThat(stat.getReady()).isTrue();
        assertThat(stat.getMemoryUsedBytes()).isZero();
        assertThat(stat.getEvictionPolicy()).isEqualTo("reinsert");
        assertThat(stat.getUsedBytes()).isBetween(1L, stat.getCapacityBytes());
        List<String> keys = new ArrayList<>();
        String token = "";
        do {
            ListResponse page = client.admin()
                    .list(ListRequest.newBuilder()
                            .setPageSize(10)
                            .setPageToken(token)
                            .setKeyPrefix(ByteString.copyFromUtf8("key-1"))
                            .build());
            page.getChunksList().forEach(chunk -> keys.add(chunk.getKey().toStringUtf8()));
            token = page.getNextPageToken();
        } while (!token.isEmpty());
        assertThat(keys).hasSize(11).allMatch(key -> key.startsWith("key-1"));
    }

    @Test
    void healthAndReflectionAreOn() throws InterruptedException {
        ManagedChannel channel = daemon.tcp();
        assertThat(HealthGrpc.newBlockingStub(channel)
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
        GeneratedStubs.Collector<ServerReflectionResponse> answers = new GeneratedStubs.Collector<>();
        StreamObserver<ServerReflectionRequest> reflection =
                ServerReflectionGrpc.newStub(channel).serverReflectionInfo(answers);
        reflection.onNext(
                ServerReflectionRequest.newBuilder().setListServices("").build());
        reflection.onNext(ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol("kvstore.v1.KvStore.Put")
                .build());
        reflection.onCompleted();
        List<ServerReflectionResponse> all = answers.all().join();
        assertThat(all.get(0).getListServicesResponse().getServiceList())
                .extracting(ServiceResponse::getName)
                .contains("kvstore.v1.KvStore", "kvstore.v1.Admin");
        assertThat(all.get(1).hasFileDescriptorResponse()).isTrue();
    }

    private ByteString bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }

    static void assertStatus(ThrowingCallable call, Status.Code code, String message) {
        assertThatThrownBy(call).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(code);
            assertThat(e.getStatus().getDescription()).contains(message);
        });
    }

    @Test
    void explainsWhereAKeyIsOrWhatBecameOfIt() {
        client.put("known", Payloads.bytes("known", 1000));

        ExplainResponse here = explain("known");
        assertThat(here.getState()).isEqualTo(KeyState.KEY_STATE_HERE);

        var _ = client.blocking()
                .delete(DeleteRequest.newBuilder()
                        .addKeys(ByteString.copyFromUtf8("known"))
                        .build());
        assertThat(explain("known").getState()).isEqualTo(KeyState.KEY_STATE_ABSENT);
        assertThat(explain("known").getLastEvent()).isEqualTo("deleted");
        assertThat(explain("never").getState()).isEqualTo(KeyState.KEY_STATE_ABSENT);
        assertThat(explain("never").getLastEvent()).isEmpty();
    }

    private ExplainResponse explain(String key) {
        return client.admin()
                .explain(ExplainRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .build());
    }
}
