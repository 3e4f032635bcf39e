package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import kvstore.api.Blocks;
import kvstore.server.testing.HeldEngine;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients of several doors that load one chunk at the same time. */
@Timeout(60)
final class SharedReadsTest {
    private static final int LENGTH = 3 << 20;
    private static final ByteString VALUE = Payloads.bytes("chunk", LENGTH);

    @TempDir
    Path directory;

    private @Nullable HeldEngine engine;
    private @Nullable DaemonUnderTest daemon;

    @BeforeEach
    void start() throws StartException {
        daemon = DaemonUnderTest.start(
                directory,
                between -> {
                    engine = new HeldEngine(between);
                    return engine;
                },
                "resp.listen=127.0.0.1:0",
                "lm.listen=127.0.0.1:0");
    }

    @AfterEach
    void stop() {
        engine().reads().release();
        daemon().close();
    }

    @Test
    void costTheDiskOneRead() throws Exception {
        new GeneratedStubs(daemon().tcp()).put("chunk", VALUE);
        engine().reads().hold(bytes -> bytes > Blocks.BLOCK_BYTES);
        CompletableFuture<ByteString> overTcp = get(new GeneratedStubs(daemon().tcp()));
        CompletableFuture<ByteString> overTheSocket = get(new GeneratedStubs(daemon().unix()));
        CompletableFuture<ByteString> overResp = CompletableFuture.supplyAsync(this::getOverResp);
        Await.until(() -> Math.round(daemon().metric("kvstore_shared_reads_total")), 2);
        assertThat(engine().reads().asked()).isEqualTo(1);
        engine().reads().release();
        for (CompletableFuture<ByteString> got : List.of(overTcp, overTheSocket, overResp)) {
            assertThat(got.get(30, TimeUnit.SECONDS).equals(VALUE)).isTrue();
        }
        Idle.await(daemon());
    }

    private static CompletableFuture<ByteString> get(GeneratedStubs client) {
        return CompletableFuture.supplyAsync(() -> client.get("chunk").data());
    }

    private ByteString getOverResp() {
        try (RespClient client = new RespClient(daemon())) {
            client.send(RespClient.command("GET", "chunk"));
            String head = "$" + LENGTH + "\r\n";
            assertThat(client.read(head.length())).isEqualTo(head);
            return ByteString.copyFrom(client.readBytes(LENGTH));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private DaemonUnderTest daemon() {
        return Objects.requireNonNull(daemon);
    }

    private HeldEngine engine() {
        return Objects.requireNonNull(engine);
    }
}
