package kvstore.client;

import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kvstore.api.ChunkKey;
import kvstore.v1.ListedChunk;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** A client and a daemon that keeps the contract, over both kinds of sockets. */
@Timeout(60)
@ParameterizedClass
@ValueSource(booleans = {false, true})
final class KvStoreClientTest {
    private static final int MIB = 1024 * 1024;
    private static final PutResponse SHED = PutResponse.newBuilder()
            .setStatus(PutStatus.PUT_STATUS_SHED)
            .setReason(PutReason.PUT_REASON_NO_MEMORY)
            .setMessage("no memory; try later")
            .build();

    @Parameter
    private boolean overUnixSocket;

    @TempDir
    private Path directory;

    private final Arena arena = Arena.ofShared();
    private FakeDaemon daemon;
    private KvStoreClient client;

    @BeforeEach
    void start() throws IOException {
        daemon = overUnixSocket ? FakeDaemon.onUnixSocket(directory.resolve("kvstore.sock")) : FakeDaemon.onTcp();
        client = KvStoreClient.connect(daemon.target(), ClientOptions.defaults().withClientName("test"));
    }

    @AfterEach
    void stop() {
        client.close();
        client.close();
        daemon.close();
        arena.close();
    }

    @Test
    void saysHello() {
        assertThat(client.hello().getWireVersion()).isEqualTo(1);
        assertThat(client.hello().getNode()).isEqualTo("test");
    }

    @Test
    void getReturnsWhatWasPut() {
        List<Integer> sizes = List.of(1, 4095, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 5 * MIB + 7, 64 * 1024);
        List<Chunk> sources = IntStream.range(0, sizes.size())
                .mapToObj(i -> Payloads.filled(arena, "key " + i, Payloads.bytes(i, sizes.get(i))))
                .collect(toList());

        assertThat(client.put(sources).join())
                .hasSize(sizes.size())
                .allSatisfy(result -> assertThat(result.status()).isEqualTo(PutStatus.PUT_STATUS_STORED));
        assertThat(client.put(sources).join())
                .allSatisfy(result -> assertThat(result.status()).isEqualTo(PutStatus.PUT_STATUS_ALREADY_STORED));

        List<Chunk> destinations = IntStream.range(0, sizes.size())
                .mapToObj(i -> Payloads.empty(arena, "key " + i, sizes.get(i)))
                .toList();
        assertThat(client.get(destinations).join())
                .isEqualTo(sizes.stream().map(GetResult.Hit::new).toList());
        for (int i = 0; i < sizes.size(); i++) {
            assertThat(destinations.get(i).memory().mismatch(sources.get(i).memory()))
                    .as("chunk %d", i)
                    .isEqualTo(-1);
        }
    }

    @Test
    void missesBetweenHitsHaveTheirReasons() {
        Chunk stored = Payloads.filled(arena, "here", Payloads.bytes(1, MIB));
        client.put(List.of(stored)).join();

        List<GetResult> results = client.get(List.of(
                        Payloads.empty(arena, "absent", 10),
                        Payloads.empty(arena, "here", MIB),
                        Payloads.empty(arena, "here", MIB - 1)))
                .join();

        assertThat(results)
                .containsExactly(
                        new GetResult.Miss(MissReason.MISS_REASON_ABSENT),
                        new GetResult.Hit(MIB),
                        new GetResult.Miss(MissReason.MISS_REASON_OTHER_LENGTH));
    }

    @Test
    void emptyTransfersNeedNoDaemon() {
        daemon.close();
        assertThat(client.put(List.of()).join()).isEmpty();
        assertThat(client.get(List.of()).join()).isEmpty();
    }

    @Test
    void aRefusedChunkIsNotSentToItsEndAndTheNextIsStored() {
        daemon.refuse = begin -> begin.getKey().equals(ByteString.copyFromUtf8("big")) ? SHED : null;
        Chunk big = Payloads.empty(arena, "big", 96L * MIB);
        Chunk small = Payloads.filled(arena, "small", Payloads.bytes(2, MIB));

        List<PutResult> results = client.put(List.of(big, small)).join();

        assertThat(results)
                .containsExactly(
                        new PutResult(
                                PutStatus.PUT_STATUS_SHED, PutReason.PUT_REASON_NO_MEMORY, "no memory; try later"),
                        new PutResult(PutStatus.PUT_STATUS_STORED, PutReason.PUT_REASON_UNSPECIFIED, ""));
        assertThat(daemon.putBytes).hasValueLessThan(96L * MIB);
        assertThat(daemon.chunks.get(ByteString.copyFromUtf8("small")))
                .isEqualTo(ByteString.copyFrom(small.memory().toArray(ValueLayout.JAVA_BYTE)));
    }

    @Test
    void lookupDeleteAndRelease() {
        client.put(List.of(
                        Payloads.filled(arena, "a", Payloads.bytes(1, 100)),
                        Payloads.filled(arena, "c", Payloads.bytes(2, 200))))
                .join();
        List<ChunkKey> keys = Stream.of("a", "b", "c").map(ChunkKey::of).toList();

        LookupResult leased = client.lookup(keys, Duration.ofSeconds(2));
        assertThat(leased).isEqualTo(new LookupResult(List.of(100L, LookupResult.ABSENT, 200L), 1, 4711, 2000));
        assertThat(leased.found(1)).isFalse();
        assertThat(leased.size(2)).isEqualTo(200);
        assertThat(leased.foundAll()).isFalse();
        client.release(List.of(leased.leaseId()));
        assertThat(daemon.releasedLeases).containsExactly(4711L);

        assertThat(client.lookup(keys.subList(0, 1), Duration.ZERO).leaseId()).isZero();
        assertThat(client.delete(keys)).isEqualTo(BitSet.valueOf(new long[] {0b101}));
        assertThat(client.lookup(keys, Duration.ZERO).leadingHits()).isZero();
    }

    @Test
    void listsByPages() {
        for (String key : List.of("a1", "b1", "b2", "b3")) {
            client.put(List.of(Payloads.filled(arena, key, Payloads.bytes(1, 10))))
                    .join();
        }
        List<String> keys = new ArrayList<>();
        String token = "";
        do {
            var page = client.list(ByteString.copyFromUtf8("b"), token, 2);
            page.getChunksList().stream()
                    .map(ListedChunk::getKey)
                    .map(ByteString::toStringUtf8)
                    .forEach(keys::add);
            token = page.getNextPageToken();
        } while (!token.isEmpty());

        assertThat(keys).containsExactly("b1", "b2", "b3");
        assertThat(client.stat().getChunks()).isEqualTo(4);
    }

    @Test
    void manyTransfersSideBySide() {
        Random random = new Random(99);
        List<Chunk> sources = IntStream.range(0, 40)
                .mapToObj(i -> Payloads.filled(arena, "k" + i, Payloads.bytes(i, 1 + random.nextInt(2 * MIB))))
                .toList();
        CompletableFuture.allOf(sources.stream()
                        .map(source -> client.put(List.of(source)))
                        .toArray(CompletableFuture[]::new))
                .join();
        List<Chunk> destinations = sources.stream()
                .map(source ->
                        new Chunk(source.key(), arena.allocate(source.memory().byteSize())))
                .toList();
        CompletableFuture.allOf(destinations.stream()
                        .map(destination -> client.get(List.of(destination)))
                        .toArray(CompletableFuture[]::new))
                .join();
        for (int i = 0; i < sources.size(); i++) {
            assertThat(destinations.get(i).memory().mismatch(sources.get(i).memory()))
                    .isEqualTo(-1);
        }
    }

    @Test
    void reconnectsToADaemonThatWasStartedAgain() throws IOException {
        if (!overUnixSocket) {
            // the port may be taken by somebody else meanwhile
            return;
        }
        client.hello();
        daemon.close();
        assertThatThrownBy(client::hello).isInstanceOf(KvStoreException.class);
        Files.deleteIfExists(directory.resolve("kvstore.sock"));
        daemon = FakeDaemon.onUnixSocket(directory.resolve("kvstore.sock"));
        Awaitility.await().atMost(30, TimeUnit.SECONDS).ignoreExceptions().untilAsserted(() -> client.hello());
    }

    @Test
    void refusesWhatCannotWorkBeforeItIsSent() {
        try (Arena confined = Arena.ofConfined()) {
            assertThatThrownBy(() -> Payloads.empty(confined, "k", 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("shared arena");
        }
        assertThatThrownBy(() -> Payloads.empty(arena, "k", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Chunk(ChunkKey.of("space", new byte[1]), arena.allocate(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'space'");
    }

    @Test
    void callsAfterCloseFail() {
        client.close();
        assertThatThrownBy(client::hello)
                .isInstanceOfSatisfying(
                        KvStoreException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.UNAVAILABLE));
    }
}
