package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import kvstore.api.ChunkKey;
import kvstore.client.Chunk;
import kvstore.client.ClientOptions;
import kvstore.client.GetResult;
import kvstore.client.KvStoreClient;
import kvstore.client.KvStoreException;
import kvstore.client.LookupResult;
import kvstore.client.PutResult;
import kvstore.client.SharedRegion;
import kvstore.client.Target;
import kvstore.server.testing.Authority;
import kvstore.server.testing.Authority.Issued;
import kvstore.v1.HelloRequest;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.ListedChunk;
import kvstore.v1.MatchPrefixRequest;
import kvstore.v1.MpKeys;
import kvstore.v1.PutReason;
import kvstore.v1.RegionItem;
import kvstore.v1.StoreFromRequest;
import kvstore.v1.StoreResult;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two tenants with certificates, and the operator on the Unix socket: what one of them can do to another. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class TenantsTest {
    private static final ChunkKey KEY = ChunkKey.of("the same name");
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    private Path directory;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private Authority authority;
    private Path tenants;
    private DaemonUnderTest daemon;
    private KvStoreClient a;
    private KvStoreClient b;
    private KvStoreClient operator;

    @BeforeEach
    void start() throws StartException {
        authority = Authority.make(directory.resolve("authority"), "authority");
        Issued own = authority.issue("daemon", builder -> builder.addSanDnsName("localhost"));
        tenants = Authority.write(directory.resolve("tenants.yaml"), """
                tenants:
                  - name: team-a
                    identities: [dns:a.example]
                  - name: team-b
                    identities: [dns:b.example]
                    require-cache-salt: true
                  - name: redis
                    identities: [anonymous]
                """);
        daemon = DaemonUnderTest.start(
                directory.resolve("pool"),
                "tls.certificate=" + own.certificate(),
                "tls.key=" + own.key(),
                "tls.client-ca=" + authority.file(),
                "tls.reload-interval=1h",
                "tenants.file=" + tenants,
                "resp.listen=127.0.0.1:0",
                "lm.listen=127.0.0.1:0");
        a = connect(authority.issue("a.example"));
        b = connect(authority.issue("b.example"));
        operator = remember(KvStoreClient.connect(daemon.target(), options()));
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
        daemon.close();
    }

    @Test
    void everybodyHearsWhoHeIs() {
        assertThat(a.hello().getTenant()).isEqualTo("team-a");
        assertThat(b.hello().getTenant()).isEqualTo("team-b");
        assertThat(operator.hello().getTenant()).isEqualTo("default");
    }

    @Test
    void whatOneStoresTheOtherCannotReadProbeOrDelete() throws Exception {
        assertThat(put(a, KEY, "of a").isStored()).isTrue();

        assertThat(lookup(b, KEY).found(0)).isFalse();
        assertThat(get(b, KEY, 4)).isInstanceOf(GetResult.Miss.class);
        assertThat(b.delete(List.of(KEY)).get(0)).isFalse();
        assertThat(operator.delete(List.of(KEY)).get(0)).isFalse();

        assertThat(lookup(a, KEY).found(0)).isTrue();
        assertThat(get(a, KEY, 4)).isEqualTo(new GetResult.Hit(4));
        // nor does it learn from a put that somebody else has the same
        ChunkKey salted = ChunkKey.of("m@00000000@0@ab@salt");
        assertThat(put(a, salted, "one").status()).hasToString("PUT_STATUS_STORED");
        assertThat(put(b, salted, "two").status()).hasToString("PUT_STATUS_STORED");
        assertThat(text(b, salted, 3)).isEqualTo("two");
        assertThat(text(a, salted, 3)).isEqualTo("one");
    }

    @Test
    void thePageSaysNothingToThoseItDoesNotKnow() {
        assertThat(daemon.http("/api/stat").statusCode()).isEqualTo(403);
        assertThat(daemon.http("/api/explain?key=x").statusCode()).isEqualTo(403);
        assertThat(daemon.http("/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void otherDoorsHaveTenantsToo() throws Exception {
        put(a, KEY, "of a");
        try (RespClient resp = new RespClient(daemon)) {
            assertThat(resp.ask("EXISTS", "the same name")).isEqualTo(":0");
            assertThat(resp.ask("SET", "the same name", "of redis")).isEqualTo("+OK");
            assertThat(resp.ask("EXISTS", "the same name")).isEqualTo(":1");
            resp.send(RespClient.command("SCAN", "0", "COUNT", "1000"));
            assertThat(resp.read(35)).contains("$1\r\n0\r\n*1\r\n$13\r\nthe same name");
            assertThat(resp.ask("DEL", "the same name")).isEqualTo(":1");
            assertThat(resp.ask("DBSIZE")).startsWith("-NOPERM");
        }
        assertThat(text(a, KEY, 4)).isEqualTo("of a");
    }

    @Test
    void leaseOfAnotherTenantIsNotReleased() throws Exception {
        put(a, KEY, "of a");
        LookupResult leased = a.lookup(List.of(KEY), MINUTE);
        assertThat(leased.leaseId()).isNotZero();
        assertThat(daemon.metric("kvstore_store_leases")).isEqualTo(1);

        b.release(List.of(leased.leaseId()));
        operator.release(List.of(leased.leaseId()));
        assertThat(daemon.metric("kvstore_store_leases")).isEqualTo(1);

        a.release(List.of(leased.leaseId()));
        assertThat(daemon.metric("kvstore_store_leases")).isZero();
    }

    @Test
    void regionOfAnotherTenantIsNotUsed() throws Exception {
        try (SharedRegion region = operator.shareMemory(1 << 20)) {
            region.memory().setString(0, "memory of the operator");
            StoreFromRequest request = StoreFromRequest.newBuilder()
                    .setRegionId(region.id())
                    .addItems(RegionItem.newBuilder()
                            .setKey(ByteString.copyFromUtf8("stolen"))
                            .setLength(22))
                    .build();
            KvStoreGrpc.KvStoreBlockingStub stub = KvStoreGrpc.newBlockingStub(channel(authority.issue("a.example")));
            Iterator<StoreResult> results = stub.storeFrom(request);

            assertThatThrownBy(results::hasNext)
                    .isInstanceOfSatisfying(
                            StatusRuntimeException.class,
                            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
        }
    }

    @Test
    void onlyAdminsAskTheAdminService() throws Exception {
        put(a, KEY, "of a");

        assertDenied(a::stat, "team-a is no admin");
        assertDenied(() -> a.list(ByteString.EMPTY, "", 0), "team-a is no admin");
        assertDenied(() -> b.explain(KEY), "team-b is no admin");
        assertDenied(() -> b.explain(KEY, "team-a"), "team-b is no admin");
        assertDenied(() -> a.scrub(0, true, _ -> {}), "team-a is no admin");
        assertThat(daemon.metric("kvstore_audit_refused_total")).isEqualTo(5);

        assertThat(operator.stat().getChunks()).isEqualTo(1);
        assertThat(operator.explain(KEY, "team-a").getState()).hasToString("KEY_STATE_HERE");
        assertThat(operator.explain(KEY, "team-b").getState()).hasToString("KEY_STATE_ABSENT");
        assertThat(operator.list(ByteString.EMPTY, "", 0).getChunksList())
                .extracting(ListedChunk::getNamespace)
                .containsExactly("@team-a");
        assertThat(daemon.metric("kvstore_audit_admin_calls_total")).isEqualTo(4);
    }

    @Test
    void whoIsNobodyGetsNothing() {
        KvStoreClient nobody = connect(authority.issue("c.example"));
        KvStoreClient both = connect(authority.issue(
                "both", builder -> builder.addSanDnsName("a.example").addSanDnsName("b.example")));

        assertDenied(nobody::hello, "[dns:c.example] belongs to no tenant");
        assertDenied(() -> nobody.lookup(List.of(KEY), Duration.ZERO), "no tenant");
        assertDenied(both::hello, "or to two");
    }

    @Test
    void reloadMovesAndRevokes() throws Exception {
        put(a, KEY, "of a");
        Authority.write(tenants, """
                tenants:
                  - name: team-b
                    identities: [dns:a.example]
                """);
        daemon.reload();

        assertThat(a.hello().getTenant()).isEqualTo("team-b");
        assertThat(lookup(a, KEY).found(0)).isFalse();
        assertDenied(b::hello, "no tenant");
        try (RespClient resp = new RespClient(daemon);
                LmClient lm = LmClient.connect(daemon)) {
            assertThat(resp.ask("GET", "k")).startsWith("-NOAUTH");
            assertThatThrownBy(() -> lm.exists("k")).isInstanceOf(IOException.class);
        }

        Authority.write(tenants, "tenants: [{name: team-a, identities: [dns:a.example], qota: 1GiB}]");
        daemon.reload();
        assertThat(a.hello().getTenant()).isEqualTo("team-b");
    }

    @Test
    void keysWithoutASaltAreNotStoredWhereOneIsAskedFor() throws Exception {
        PutResult without = put(b, ChunkKey.of("m@00000000@0@ab"), "value");
        assertThat(without.reason()).isEqualTo(PutReason.PUT_REASON_BAD_KEY);
        assertThat(without.message()).contains("cache salt", "team-b");
        assertThat(put(b, KEY, "value").reason()).isEqualTo(PutReason.PUT_REASON_BAD_KEY);
        assertThat(put(b, ChunkKey.of("m@00000000@0@ab@salt"), "value").isStored())
                .isTrue();
        assertThat(put(a, KEY, "value").isStored()).isTrue();
    }

    @Test
    void matchedPrefixIsTheTenantsOwn() throws Exception {
        MatchPrefixRequest request = MatchPrefixRequest.newBuilder()
                .addChunkHashes(ByteString.copyFrom(new byte[32]))
                .setMp(MpKeys.newBuilder().setModelName("m").setWorldSize(1))
                .build();
        ByteString missing = a.matchPrefix(request).getMissingKey();
        put(a, ChunkKey.of(missing.toByteArray()), "value");

        assertThat(a.matchPrefix(request).getMatchedChunks()).isEqualTo(1);
        assertThat(b.matchPrefix(request).getMatchedChunks()).isZero();
        assertThat(operator.matchPrefix(request).getMatchedChunks()).isZero();
    }

    @Test
    void oversizedMetadataIsRefused() {
        KvStoreGrpc.KvStoreBlockingStub stub = KvStoreGrpc.newBlockingStub(channel(authority.issue("a.example")));
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("x", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(64 * 1024));

        assertThatThrownBy(() -> stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                        .hello(HelloRequest.getDefaultInstance()))
                .isInstanceOf(StatusRuntimeException.class);
        assertThat(a.hello().getTenant()).isEqualTo("team-a");
    }

    @Test
    void whatWasStoredStaysItsTenantsAfterARestart() throws Exception {
        put(a, KEY, "of a");
        put(operator, KEY, "of the operator");

        daemon.restart();

        KvStoreClient again = connect(authority.issue("a.example"));
        assertThat(text(again, KEY, 4)).isEqualTo("of a");
        assertThat(lookup(connect(authority.issue("b.example")), KEY).found(0)).isFalse();
    }

    private static void assertDenied(Runnable call, String because) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        KvStoreException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.PERMISSION_DENIED))
                .hasMessageContaining(because);
    }

    private static PutResult put(KvStoreClient client, ChunkKey key, String value) throws Exception {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        MemorySegment memory = Arena.ofAuto().allocate(bytes.length);
        memory.copyFrom(MemorySegment.ofArray(bytes));
        return client.put(List.of(new Chunk(key, memory))).get().getFirst();
    }

    private static GetResult get(KvStoreClient client, ChunkKey key, int length) throws Exception {
        return client.get(List.of(new Chunk(key, Arena.ofAuto().allocate(length))))
                .get()
                .getFirst();
    }

    private static String text(KvStoreClient client, ChunkKey key, int length) throws Exception {
        MemorySegment memory = Arena.ofAuto().allocate(length);
        assertThat(client.get(List.of(new Chunk(key, memory))).get().getFirst()).isEqualTo(new GetResult.Hit(length));
        return new String(memory.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    private static LookupResult lookup(KvStoreClient client, ChunkKey key) {
        return client.lookup(List.of(key), Duration.ZERO);
    }

    private KvStoreClient connect(Issued identity) {
        Target target = new Target.Tcp("localhost", daemon.tcpAddress().getPort());
        return remember(KvStoreClient.connect(target, options().withTls(authority.client(identity))));
    }

    private ManagedChannel channel(Issued identity) {
        try {
            ManagedChannel channel = NettyChannelBuilder.forAddress(
                            "localhost",
                            daemon.tcpAddress().getPort(),
                            TlsChannelCredentials.newBuilder()
                                    .trustManager(authority.file().toFile())
                                    .keyManager(
                                            identity.certificate().toFile(),
                                            identity.key().toFile())
                                    .build())
                    .build();
            opened.add(channel::shutdownNow);
            return channel;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private KvStoreClient remember(KvStoreClient client) {
        opened.add(client);
        return client;
    }

    private static ClientOptions options() {
        return ClientOptions.defaults().withTimeout(Duration.ofSeconds(30)).withTransferConnections(1);
    }
}
