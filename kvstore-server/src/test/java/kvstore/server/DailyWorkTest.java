package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import kvstore.server.testing.HeldEngine;
import kvstore.v1.ClearRequest;
import kvstore.v1.ExplainRequest;
import kvstore.v1.LogLevelRequest;
import kvstore.v1.PutReason;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import kvstore.v1.StatRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code kvstore clear}, {@code drain} and {@code log-level} against a real daemon. */
@Timeout(60)
final class DailyWorkTest {
    private static final String HASH = "@01000100@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d";

    @TempDir
    Path directory;

    private static ByteString value(String key) {
        return Payloads.bytes(key, 1000);
    }

    private static CommandRun run(DaemonUnderTest daemon, String... args) {
        String[] all = Arrays.copyOf(args, args.length + 2);
        all[args.length] = "--target";
        all[args.length + 1] = daemon.target().toString();
        return CommandRun.of(all);
    }

    @Test
    void clearsOneModelForGood() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            for (String key : List.of("m" + HASH + "1", "m" + HASH + "2", "m2" + HASH + "1", "m@other")) {
                stubs.put(key, value(key));
            }
            assertThat(run(daemon, "clear", "--model", "m", "--count").out())
                    .isEqualTo("found 2 chunks (2.0 KiB) of model m\n");
            assertThat(run(daemon, "clear", "--namespace", "nobody", "--yes").out())
                    .isEqualTo("cleared 0 chunks (0 B) of namespace 'nobody'\n");
            assertThat(run(daemon, "clear", "--model", "m", "--yes").out())
                    .isEqualTo("cleared 2 chunks (2.0 KiB) of model m\n");
            assertThat(stubs.admin()
                            .explain(ExplainRequest.newBuilder()
                                    .setKey(ByteString.copyFromUtf8("m" + HASH + "1"))
                                    .build())
                            .getLastEvent())
                    .isEqualTo("deleted");
        }
        try (DaemonUnderTest again = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(again.tcp());
            assertThat(stubs.lookup("m" + HASH + "1", "m" + HASH + "2", "m2" + HASH + "1", "m@other")
                            .getFound()
                            .byteAt(0))
                    .isEqualTo((byte) 0b1100);
            assertThat(run(again, "clear", "--all", "--yes").out()).isEqualTo("cleared 2 chunks (2.0 KiB) in all\n");
            assertThat(stubs.admin().stat(StatRequest.getDefaultInstance()).getChunks())
                    .isZero();
        }
    }

    @Test
    void aClearedDiskIsFree() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            for (int i = 0; i < 9; i++) {
                stubs.put("k" + i, Payloads.bytes("k" + i, 20 << 20));
            }
            assertThat(stubs.admin().stat(StatRequest.getDefaultInstance()).getSegments())
                    .isGreaterThan(1);

            assertThat(run(daemon, "clear", "--all", "--yes").out()).isEqualTo("cleared 9 chunks (180.0 MiB) in all\n");
            assertThat(stubs.admin().stat(StatRequest.getDefaultInstance()).getSegments())
                    .isEqualTo(1);
            stubs.put("k0", Payloads.bytes("k0", 20 << 20));
            assertThat(stubs.get("k0").data()).isEqualTo(Payloads.bytes("k0", 20 << 20));
        }
    }

    @Test
    void clearNeedsAScope() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            for (ClearRequest wrong : List.of(
                    ClearRequest.getDefaultInstance(),
                    ClearRequest.newBuilder().setAll(false).build(),
                    ClearRequest.newBuilder().setModel("").build(),
                    ClearRequest.newBuilder().setNamespace("n".repeat(1025)).build())) {
                WireContractTest.assertStatus(
                        () -> stubs.admin().clear(wrong).next(), Status.Code.INVALID_ARGUMENT, "");
            }
        }
    }

    @Test
    void drainsAndComesBack() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            stubs.put("before", value("before"));

            CommandRun drained = run(daemon, "drain");
            assertThat(drained.out()).isEqualTo("draining; nothing is under way\n");
            assertThat(drained.exitCode()).isZero();
            PutResponse shed = stubs.put("new", value("new"));
            assertThat(shed.getStatus()).isEqualTo(PutStatus.PUT_STATUS_SHED);
            assertThat(shed.getReason()).isEqualTo(PutReason.PUT_REASON_STOPPING);
            assertThat(shed.getMessage()).contains("kvstore drain --undo");
            assertThat(stubs.put("before", value("before")).getStatus()).isEqualTo(PutStatus.PUT_STATUS_ALREADY_STORED);
            assertThat(stubs.get("before").data()).isEqualTo(value("before"));
            assertThat(health(daemon)).isEqualTo(ServingStatus.NOT_SERVING);
            assertThat(daemon.http("/readyz").statusCode()).isEqualTo(503);
            assertThat(daemon.http("/readyz").body()).startsWith("draining since 2");
            assertThat(daemon.http("/healthz").statusCode()).isEqualTo(200);
            assertThat(daemon.metric("kvstore_draining")).isEqualTo(1);
            assertThat(daemon.metric("kvstore_ready")).isZero();
            CommandRun stat = run(daemon, "stat");
            assertThat(stat.out()).contains("draining since 2");
            assertThat(stat.exitCode()).isEqualTo(3);

            assertThat(run(daemon, "drain", "--undo").out()).isEqualTo("in service\n");
            assertThat(stubs.put("new", value("new")).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
            assertThat(health(daemon)).isEqualTo(ServingStatus.SERVING);
            assertThat(daemon.http("/readyz").statusCode()).isEqualTo(200);
            assertThat(daemon.metric("kvstore_ready")).isEqualTo(1);
        }
    }

    /** A put that has begun is waited for, and still stored. */
    @Test
    void drainWaitsForWhatIsUnderWay() throws Exception {
        HeldEngine[] held = new HeldEngine[1];
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory, engine -> held[0] = new HeldEngine(engine))) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            held[0].writes().hold(bytes -> bytes > 1 << 20);
            GeneratedStubs.Collector<PutResponse> answers = new GeneratedStubs.Collector<>();
            StreamObserver<PutRequest> put = stubs.async().put(answers);
            GeneratedStubs.messages("slow", Payloads.bytes("slow", 3 << 20), 1 << 19)
                    .forEach(put::onNext);
            put.onCompleted();
            Await.until(() -> held[0].writes().asked() > 0);

            CommandRun late = run(daemon, "drain", "--deadline", "200ms");
            assertThat(late.out()).isEqualTo("draining; still under way: 1 puts, 0 gets\n");
            assertThat(late.exitCode()).isEqualTo(1);
            held[0].writes().release();
            assertThat(run(daemon, "drain").exitCode()).isZero();
            assertThat(answers.all().join().getFirst().getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        }
    }

    @Test
    void topShowsWhatGoesOn() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
            stubs.put("key", Payloads.bytes("key", 3 << 20));
            stubs.get(List.of("key", "nothing"));
            Await.until(() -> run(daemon, "top").out().contains("50.0 % of 2 gets in 15 min"));

            CommandRun top = run(daemon, "top", "--once");
            assertThat(top.exitCode()).isZero();
            assertThat(top.out())
                    .startsWith("kvstore ")
                    .contains("test  ready", "misses", "1 absent", "load of a chunk", "1 (3.0 MiB) in 1 segments")
                    .doesNotContain("\033");
            assertThat(run(daemon, "top", "--json").out()).contains("\"steps\":[{", "\"get_hits\":1", "\"stat\":{");
        }
    }

    @Test
    void aBundleSaysMuchButNoSecret() throws Exception {
        Path file = directory.resolve("bundle.zip");
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            new GeneratedStubs(daemon.tcp()).put("key", ByteString.copyFromUtf8("this is payload ".repeat(1000)));
            System.setProperty("kvstore.test.password", "hunter2");
            CommandRun bundle = run(daemon, "support-bundle", "--output", file.toString());
            assertThat(bundle.exitCode()).as(bundle.err()).isZero();
            assertThat(bundle.out()).startsWith(file + "\n").contains("metrics.txt", "threads.txt", "config.txt");
            assertThat(run(daemon, "support-bundle", "--output", file.toString())
                            .exitCode())
                    .isEqualTo(2);
        } finally {
            System.clearProperty("kvstore.test.password");
        }
        Map<String, String> parts = new TreeMap<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                parts.put(
                        entry.getName(), new String(zip.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        assertThat(parts)
                .containsOnlyKeys(
                        "README.txt",
                        "config.txt",
                        "contents.json",
                        "doctor.txt",
                        "history.json",
                        "log.txt",
                        "metrics.txt",
                        "segments.json",
                        "stat.json",
                        "threads.txt",
                        "versions.txt");
        assertThat(parts.get("metrics.txt")).contains("kvstore_ready 1.0");
        assertThat(parts.get("config.txt")).contains("data.capacity", "1GiB", "--set");
        assertThat(parts.get("threads.txt")).contains("\"kvstore-history\"", "    at ");
        assertThat(parts.get("versions.txt")).contains("java", "system");
        assertThat(parts.get("doctor.txt")).contains("CHECK");
        assertThat(parts.get("README.txt")).contains("No payload is in here", "log.txt");
        assertThat(String.join("\n", parts.values())).doesNotContain("hunter2", "this is payload", "could not be had");
        assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    }

    @Test
    void changesLogLevels() throws Exception {
        try (DaemonUnderTest daemon = DaemonUnderTest.start(directory)) {
            try {
                assertThat(run(daemon, "log-level", "trace", "kvstore.server.clear")
                                .out())
                        .contains("kvstore.server.clear", "trace");
                assertThat(run(daemon, "log-level", "--json").out()).contains("\"kvstore.server.clear\":\"trace\"");
                CommandRun wrong = run(daemon, "log-level", "loud");
                assertThat(wrong.exitCode()).isEqualTo(4);
                assertThat(wrong.err()).contains("level 'loud' is none of off, error");
                assertThat(run(daemon, "log-level", "info", "a b\nc").exitCode())
                        .isEqualTo(4);
                assertThat(run(daemon, "log-level", "inherit", "ROOT").exitCode())
                        .isEqualTo(4);
            } finally {
                assertThat(run(daemon, "log-level", "inherit", "kvstore.server.clear")
                                .out())
                        .doesNotContain("kvstore.server.clear");
            }
            assertThat(new GeneratedStubs(daemon.tcp())
                            .admin()
                            .logLevel(LogLevelRequest.getDefaultInstance())
                            .getLoggersList())
                    .isNotEmpty();
        }
    }

    private static ServingStatus health(DaemonUnderTest daemon) {
        return HealthGrpc.newBlockingStub(daemon.tcp())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus();
    }
}
