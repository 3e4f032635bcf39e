package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import kvstore.client.cli.Main;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code kvstore doctor} against a real daemon, with an interpreter that is a shell script. */
@Timeout(60)
final class DoctorTest {
    private static final String BLAKE3 = "e5ffee45c2b9db326814c9692dc594369887ba3b0df5761817820b60f864c8e0";
    private static final String SHA256_FOLDED = "cc309e143d545625";
    private static final String BUILTIN_EMPTY = "f523ccc46155f1bb";

    @TempDir
    Path directory;

    private DaemonUnderTest daemon;
    private String target;

    @BeforeEach
    void startDaemon() throws StartException, IOException {
        daemon = DaemonUnderTest.start(Files.createDirectory(directory.resolve("pool")));
        target = daemon.tcp().authority();
    }

    @AfterEach
    void stopDaemon() {
        daemon.close();
    }

    @Test
    void allIsWell() throws IOException {
        Report report = doctor("--l2-adapter", adapter(), "--python", python("3.12.1", "0.5.6", BLAKE3));

        assertThat(report.verdicts()).doesNotContainValue("problem").doesNotContainValue("skipped");
        assertThat(report.found("hashes")).isEqualTo("the daemon computes the same, blake3");
        assertThat(report.found("lmcache")).isEqualTo("0.5.6, no vLLM");
        assertThat(report.exitCode()).isZero();
    }

    @Test
    void textEndsWithWhatHelps() throws IOException {
        Run run = run("doctor", "--target", target(), "--l2-adapter", adapter(), "--chunk-size", "100");

        assertThat(run.out())
                .contains("CHECK ", "VERDICT", "chunk size        problem  100 tokens, no multiple")
                .contains("\nchunk size (problem): choose a multiple of the engine's --block-size");
        assertThat(run.exitCode()).isEqualTo(1);
    }

    @Test
    void aDaemonThatIsAway() throws IOException {
        String python = python("3.12.1", "0.5.6", BLAKE3);
        daemon.stop();

        Report report = doctor("--timeout", "2s", "--python", python);

        assertThat(report.verdict("daemon")).isEqualTo("problem");
        assertThat(report.cure("daemon")).contains("start it with `kvstore serve`");
        assertThat(report.verdict("hashes")).isEqualTo("skipped");
        assertThat(report.exitCode()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"type":"fs_native"}                                                   | does not reach kvstore
            {"type":"native_plugin","module_path":"other","class_name":"Client"}   | "module_path":"kvstore_lmcache"
            {"type":"native_plugin","module_path":"kvstore_lmcache","class_name":"X"} | "class_name":"KvStoreClient"
            """)
    void anAdapterThatLeadsElsewhere(String adapter, String cure) {
        Report report = doctor("--l2-adapter", adapter);

        assertThat(report.verdict("backend")).isEqualTo("problem");
        assertThat(report.cure("backend")).contains(cure);
    }

    @Test
    void theAdaptersDaemonIsAnother() throws Exception {
        try (DaemonUnderTest other = DaemonUnderTest.start(Files.createDirectory(directory.resolve("other")))) {
            String elsewhere = adapter().replace(target(), other.tcp().authority());

            Report report = doctor("--l2-adapter", elsewhere);

            assertThat(report.verdict("adapter's target")).isEqualTo("problem");
            assertThat(report.found("adapter's target")).endsWith("another daemon");
        }
    }

    @Test
    void remoteUrlBesideTheServer() throws IOException {
        Report report =
                doctor("--l2-adapter", adapter(), "--lmcache-config", config("remote_url: lm://localhost:65432"));

        assertThat(report.verdict("backend")).isEqualTo("problem");
        assertThat(report.cure("backend")).startsWith("only LMCache inside the engine reads remote_url");
    }

    @ParameterizedTest
    @CsvSource({"chunk_size: 256, problem", "'remote_url: fs:///tmp', problem", "'remote_url: lm://h:1', note"})
    void backendsOfTheEngine(String config, String verdict) throws IOException {
        assertThat(doctor("--lmcache-config", config(config)).verdict("backend"))
                .isEqualTo(verdict);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            chunk_size: 256                         | problem | builtin, because none is chosen
            pre_caching_hash_algorithm: builtin     | note    | builtin: Python's hash
            pre_caching_hash_algorithm: sha256_cbor | ok      | sha256_cbor
            pre_caching_hash_algorithm: sha256      | problem | sha256, which kvstore cannot compute
            pre_caching_hash_algorithm: blake3      | problem | blake3, which vLLM does not have
            """)
    void algorithmsOfTheEngine(String config, String verdict, String found) throws IOException {
        Report report = doctor("--lmcache-config", config(config));

        assertThat(report.verdict("hash algorithm")).isEqualTo(verdict);
        assertThat(report.found("hash algorithm")).startsWith(found);
    }

    @ParameterizedTest
    @CsvSource({"none, problem", "0, problem", "100, problem", "128, ok"})
    void chunkSizes(String size, String verdict) throws IOException {
        assertThat(doctor("--lmcache-config", config("chunk_size: " + size)).verdict("chunk size"))
                .isEqualTo(verdict);
        assertThat(doctor("--chunk-size", size).verdict("chunk size")).isEqualTo(verdict);
    }

    @Test
    void aShortEndIsWorthToKnow() throws IOException {
        assertThat(doctor("--lmcache-config", config("save_unfull_chunk: true")).verdict("save_unfull_chunk"))
                .isEqualTo("note");
    }

    @ParameterizedTest
    @CsvSource({"OTHER=1, problem", "PYTHONHASHSEED=random, problem", "PYTHONHASHSEED=7, note", "PYTHONHASHSEED=0, ok"})
    void seeds(String variable, String verdict) throws IOException {
        String config = config("pre_caching_hash_algorithm: sha256_cbor");

        assertThat(doctor("--lmcache-config", config, "--env", variable).verdict("PYTHONHASHSEED"))
                .isEqualTo(verdict);
        assertThat(doctor("--lmcache-config", config).verdict("PYTHONHASHSEED")).isEqualTo("skipped");
        assertThat(doctor("--env", variable).verdict("PYTHONHASHSEED")).isEqualTo("ok");
    }

    @Test
    void aRunningProcessTellsItsOptionsAndItsSeed() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                "sh",
                "-c",
                "read line",
                "lmcache",
                "server",
                "--chunk-size",
                "100",
                "--hash-algorithm=sha256_cbor",
                "--l2-adapter",
                adapter());
        builder.environment().put("PYTHONHASHSEED", "random");
        Process process = builder.start();
        try {
            Report report = doctor("--pid", Long.toString(process.pid()));

            assertThat(report.found("chunk size")).startsWith("100 tokens");
            assertThat(report.found("hash algorithm")).isEqualTo("sha256_cbor");
            assertThat(report.verdict("PYTHONHASHSEED")).isEqualTo("problem");
            assertThat(report.verdict("adapter's target")).isEqualTo("ok");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void theEraIsFound() throws IOException {
        Report report = doctor(
                "--lmcache-config",
                config("pre_caching_hash_algorithm: sha256_cbor"),
                "--python",
                python("3.11.0", "0.4.6", SHA256_FOLDED));

        assertThat(report.found("hashes")).isEqualTo("the daemon computes the same, sha256_cbor of era folded");
        assertThat(report.verdict("lmcache")).isEqualTo("note");
    }

    @Test
    void aChainThatBeginsOtherwise() throws IOException {
        String config = config("pre_caching_hash_algorithm: builtin");
        // hash of the second chunk on CPython 3.11 where LMCache finds no vLLM and begins with 0
        String python = python("3.11.7", "0.5.6", "79e62c807b48385b", "\"none_hash\":\"0000000000000000\"");

        Report report = doctor("--lmcache-config", config, "--python", python);

        assertThat(report.verdict("hashes")).isEqualTo("note");
        assertThat(report.found("hashes")).endsWith("if told that the chain begins with 0000000000000000");
    }

    @Test
    void otherHashes() throws IOException {
        Report report = doctor("--l2-adapter", adapter(), "--python", python("3.12.1", "0.5.6", "00".repeat(32)));

        assertThat(report.verdict("hashes")).isEqualTo("problem");
        assertThat(report.cure("hashes")).contains("PYTHONHASHSEED=0");
    }

    @Test
    void pythonsHashInPlaceOfSha256() throws IOException {
        Report report = doctor(
                "--hash-algorithm",
                "sha256_cbor",
                "--python",
                python("3.11.7", "0.5.6", BUILTIN_EMPTY, "\"uses_builtin\":true"));

        assertThat(report.verdict("hashes")).isEqualTo("problem");
        assertThat(report.found("hashes")).contains("takes Python's hash");
        assertThat(report.verdict("python")).isEqualTo("problem");
    }

    @ParameterizedTest
    @CsvSource({"3.10.13, problem", "3.11.7, ok", "3.13.0, ok"})
    void releasesOfPythonForBuiltin(String version, String verdict) throws IOException {
        Report report = doctor(
                "--lmcache-config",
                config("pre_caching_hash_algorithm: builtin"),
                "--python",
                python(version, "0.5.6", BUILTIN_EMPTY));

        assertThat(report.verdict("python")).isEqualTo(verdict);
        assertThat(report.verdict("hashes")).isEqualTo("ok");
    }

    @Test
    void interpretersThatDoNotAnswer() throws IOException {
        assertThat(doctor("--python", directory.resolve("none").toString()).verdict("python"))
                .isEqualTo("problem");
        assertThat(doctor("--python", script("echo no module named json; exit 3"))
                        .found("python"))
                .isEqualTo("it ended with 3: no module named json");
        assertThat(doctor("--python", script("echo 'KVSTORE-DOCTOR {\"python\":\"3.12.1\"}'"))
                        .verdict("lmcache"))
                .isEqualTo("problem");
        assertThat(doctor(
                                "--python",
                                script(
                                        "echo 'KVSTORE-DOCTOR {\"python\":\"3.12.1\",\"lmcache\":\"9\",\"error\":\"gone\"}'"))
                        .found("hashes"))
                .isEqualTo("LMCache computes none: gone");
    }

    @Test
    void wrongUsage() throws IOException {
        assertThat(run("doctor", "--l2-adapter", "{")).satisfies(run -> {
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err()).isEqualTo("kvstore doctor: --l2-adapter: this is no JSON object: {\n");
        });
        assertThat(run("doctor", "--lmcache-config", config("- a list")).exitCode())
                .isEqualTo(2);
        assertThat(run("doctor", "--lmcache-config", "/nowhere").err())
                .contains("--lmcache-config: cannot read /nowhere");
        assertThat(run("doctor", "--pid", "0").err()).contains("--pid: cannot read the environment of process 0");
    }

    private record Run(int exitCode, String out, String err) {}

    private record Report(int exitCode, Map<String, JsonObject> findings) {
        Map<String, String> verdicts() {
            Map<String, String> verdicts = new TreeMap<>();
            findings.forEach((check, finding) ->
                    verdicts.put(check, finding.get("verdict").getAsString()));
            return verdicts;
        }

        String verdict(String check) {
            return text(check, "verdict");
        }

        String found(String check) {
            return text(check, "found");
        }

        String cure(String check) {
            return text(check, "cure");
        }

        private String text(String check, String field) {
            return Objects.requireNonNull(findings.get(check), check).get(field).getAsString();
        }
    }

    private Report doctor(String... options) {
        List<String> arguments = new ArrayList<>(List.of("doctor", "--json", "--target", target()));
        arguments.addAll(List.of(options));
        Run run = run(arguments.toArray(String[]::new));
        assertThat(run.err()).isEmpty();
        JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
        Map<String, JsonObject> findings = new TreeMap<>();
        for (JsonElement finding : json.getAsJsonArray("findings")) {
            findings.put(finding.getAsJsonObject().get("check").getAsString(), finding.getAsJsonObject());
        }
        assertThat(json.get("ok").getAsBoolean()).isEqualTo(run.exitCode() == 0);
        return new Report(run.exitCode(), findings);
    }

    private static Run run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode =
                Main.run(new ByteArrayInputStream(new byte[0]), new PrintStream(out), new PrintStream(err), arguments);
        return new Run(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private String target() {
        return target;
    }

    private String adapter() {
        return "{\"type\":\"native_plugin\",\"module_path\":\"kvstore_lmcache\",\"class_name\":\"KvStoreClient\","
                + "\"adapter_params\":{\"target\":\"%s\"}}".formatted(target());
    }

    private String config(String yaml) throws IOException {
        return Files.writeString(directory.resolve("lmcache.yaml"), yaml + "\n").toString();
    }

    private String python(String version, String lmcache, String hash, String... more) throws IOException {
        List<String> facts = new ArrayList<>(List.of(
                "\"python\":\"" + version + "\"",
                "\"lmcache\":\"" + lmcache + "\"",
                "\"kvstore-lmcache\":\"0.1.0\"",
                "\"hash\":\"" + hash + "\""));
        facts.addAll(List.of(more));
        return script("echo something that LMCache logs\necho 'KVSTORE-DOCTOR {" + String.join(",", facts) + "}'");
    }

    private String script(String body) throws IOException {
        Path script = Files.writeString(directory.resolve("python"), "#!/bin/sh\n" + body + "\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script.toString();
    }
}
