package kvstore.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BadConfigTest {
    private static final List<String> DIRECTORY = List.of("data.directory=/pool");

    @TempDir
    private Path directory;

    /** FILE stands for the file's path, \n for the end of a line. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            data:\\n  capcity: 1TiB | FILE:2: data.capcity: is not a key; did you mean data.capacity?
            dat:\\n  capacity: 1TiB | FILE:1: dat: is not a key; did you mean data?
            lease-max-count: 5 | FILE:1: lease-max-count: is not a key; did you mean lease.max-count?
            # one\\n\\ngrpc:\\n  frame-size: 2MiB | FILE:4: grpc.frame-size: "2MiB" is out of range; allowed: 64KiB to 960KiB, a multiple of 64KiB
            grpc:\\n  frame-size: fast | FILE:2: grpc.frame-size: "fast" is not a size such as 512KiB or 1GiB; allowed: 64KiB to 960KiB, a multiple of 64KiB
            grpc:\\n  frame-size: 512kb | FILE:2: grpc.frame-size: "512kb" is not a size such as 512KiB or 1GiB; allowed: 64KiB to 960KiB, a multiple of 64KiB
            grpc:\\n  frame-size: | FILE:2: grpc.frame-size: "" is not a size such as 512KiB or 1GiB; allowed: 64KiB to 960KiB, a multiple of 64KiB
            grpc:\\n  frame-size: [1, 2] | FILE:2: grpc.frame-size: takes one value, not several
            grpc:\\n  listen: 0.0.0.0:7420 | FILE:2: grpc.listen: "0.0.0.0:7420" can be reached from other machines, and without TLS: set tls.certificate; or say insecure: grpc
            resp:\\n  listen: "[::]:1" | FILE:2: resp.listen: "[::]:1" can be reached from other machines, and without TLS: use 127.0.0.1; or say insecure: resp
            lm:\\n  listen: 10.0.0.1:1 | FILE:2: lm.listen: "10.0.0.1:1" can be reached from other machines, and without TLS: use 127.0.0.1; or say insecure: lm
            insecure: resp,lm\\nadmin:\\n  listen: 0.0.0.0:1 | FILE:3: admin.listen: "0.0.0.0:1" can be reached from other machines, and without TLS: use 127.0.0.1; or say insecure: admin
            insecure: yes | FILE:1: insecure: "yes" is not known; allowed: false; true; of grpc, resp, lm, admin, with commas between
            tls:\\n  certificate: /a\\n  client-ca: /b | default: tls.key: "" is not set, and has to be with tls.certificate "/a" (FILE:2)
            grpc:\\n  listen: db.example.com:1 | FILE:2: grpc.listen: "db.example.com:1" has a host that is neither an IP address nor localhost; allowed: IP address and port; or empty
            grpc:\\n  listen: 127.0.0.1:65536 | FILE:2: grpc.listen: "127.0.0.1:65536" has a port above 65535; allowed: IP address and port; or empty
            grpc:\\n  listen: 7420 | FILE:2: grpc.listen: "7420" is not an address such as 127.0.0.1:7420 or [::1]:7420; allowed: IP address and port; or empty
            grpc:\\n  unix-socket-mode: 888 | FILE:2: grpc.unix-socket-mode: "888" is not a file mode such as 0660; allowed: 000 to 777, in octal
            grpc:\\n  stall-timeout: 30 | FILE:2: grpc.stall-timeout: "30" is not a duration such as 500ms, 30s or 5m; allowed: 100ms to 1h
            grpc:\\n  stall-timeout: 1ms | FILE:2: grpc.stall-timeout: "1ms" is out of range; allowed: 100ms to 1h
            grpc:\\n  max-keys: 1e3 | FILE:2: grpc.max-keys: "1e3" is not an integer in range; allowed: 1 to 65536
            grpc:\\n  max-keys: 0 | FILE:2: grpc.max-keys: "0" is out of range; allowed: 1 to 65536
            memory:\\n  write-share: NaN | FILE:2: memory.write-share: "NaN" is out of range; allowed: 0.05 to 1.0
            memory:\\n  write-share: half | FILE:2: memory.write-share: "half" is not a number; allowed: 0.05 to 1.0
            memory:\\n  slab-size: 100MiB | FILE:2: memory.slab-size: "100MiB" is not a multiple of 16MiB; allowed: auto; 32MiB to 1TiB, a multiple of 16MiB
            memory:\\n  slab-size: 64MiB\\n  write-share: 0.1 | FILE:3: memory.write-share: "0.1" leaves puts less than 16MiB, with memory.slab-size "64MiB" (FILE:2)
            data:\\n  capacity: 9999999PiB | FILE:2: data.capacity: "9999999PiB" is more than 8EiB; allowed: auto; 128MiB to 1PiB
            data:\\n  capacity: 1GiB | FILE:2: data.capacity: "1GiB" is less than four times data.max-value-size "512MiB" (default)
            capacity:\\n  low-watermark: 0.97 | FILE:2: capacity.low-watermark: "0.97" is more than capacity.high-watermark "0.95" (default)
            data:\\n  more-directories: /m,/m | FILE:2: data.more-directories: "/m,/m" names a directory twice, with data.directory "/pool" (--set)
            data:\\n  segment-size: 512MiB | default: data.max-value-size: "512MiB" is more than half of data.segment-size "512MiB" (FILE:2)
            data:\\n  direct-io: yes | FILE:2: data.direct-io: "yes" is not known; allowed: auto, require, off
            log:\\n  level: INFO | FILE:2: log.level: "INFO" is not known; allowed: error, warn, info, debug, trace
            node: ../etc | FILE:1: node: "../etc" is not a name; allowed: auto; 1 to 64 letters, digits and . _ -, the first a letter or digit
            grpc:\\n  listen: | FILE:2: grpc.listen: "" leaves no way to reach the daemon, with grpc.unix-socket "" (default)
            data: /pool | FILE:1: data: is a section, whose keys stand indented below it
            data:\\n  capacity: 1TiB\\n  capacity: 2TiB | FILE:3: data.capacity: is set twice, first at FILE:2
            - data | FILE:1: the file has to consist of lines with key: value
            data: {capacity: 1 | FILE:1: is not YAML: expected ',' or '}', but got <stream end>
            node: !!java.net.URL [x] | FILE:1: node: takes one value, not several
            """)
    void refused(String yaml, String message) throws IOException {
        Path file = Files.writeString(directory.resolve("kvstore.yaml"), yaml.replace("\\n", "\n"));

        assertThat(problems(Optional.of(file), Map.of(), DIRECTORY))
                .containsExactly(message.replace("FILE", file.toString()));
    }

    @Test
    void longSocketPathIsRefused() {
        String path = "/run/" + "x".repeat(103);

        assertThat(problems(Optional.empty(), Map.of(), List.of("data.directory=/pool", "grpc.unix-socket=" + path)))
                .containsExactly("--set: grpc.unix-socket: \"" + path
                        + "\" is too long for a socket; allowed: at most 107 bytes; or empty");
    }

    @Test
    void missingDirectoryNamesTheCure() {
        assertThat(problems(Optional.empty(), Map.of(), List.of()))
                .containsExactly(
                        "data.directory: is not set; say where chunks shall lie with --data DIR, with the variable"
                                + " KVSTORE_DATA_DIRECTORY, or in the file");
    }

    @Test
    void missingFileIsSaid() {
        Path file = directory.resolve("none.yaml");

        assertThat(problems(Optional.of(file), Map.of(), DIRECTORY)).containsExactly(file + ": there is no such file");
    }

    @Test
    void fileThatNeverEndsIsNoFile() {
        assertThat(problems(Optional.of(Path.of("/dev/zero")), Map.of(), DIRECTORY))
                .containsExactly("/dev/zero: cannot be read: it has more than 1048576 bytes");
    }

    @Test
    void binaryFileIsSaid() throws IOException {
        Path file = Files.write(directory.resolve("x"), "ä".getBytes(StandardCharsets.ISO_8859_1));

        assertThat(problems(Optional.of(file), Map.of(), DIRECTORY)).containsExactly(file + ": is not UTF-8 text");
    }

    @Test
    void commandLineAndEnvironmentAreNamed() {
        assertThat(problems(
                        Optional.empty(),
                        Map.of("KVSTORE_GRPC_MAX_KEYS", "none"),
                        List.of("data.directory=/pool", "data.read-threads=0", "foo", "data.read-treads=1")))
                .containsExactly(
                        "--set: \"foo\" is not key=value",
                        "--set: data.read-treads: is not a key; did you mean data.read-threads?",
                        "--set: data.read-threads: \"0\" is out of range; allowed: 1 to 256",
                        "KVSTORE_GRPC_MAX_KEYS: grpc.max-keys: \"none\" is not an integer in range; allowed: 1 to 65536");
    }

    @Test
    void everythingWrongIsSaidAtOnce() throws IOException {
        Path file =
                Files.writeString(directory.resolve("kvstore.yaml"), "nod: x\nlog:\n  level: loud\n  format: xml\n");

        assertThat(problems(Optional.of(file), Map.of(), DIRECTORY))
                .satisfiesExactly(
                        first -> assertThat(first).startsWith(file + ":1: nod: is not a key"),
                        second -> assertThat(second).startsWith(file + ":3: log.level: \"loud\""),
                        third -> assertThat(third).startsWith(file + ":4: log.format: \"xml\""));
    }

    private static List<String> problems(Optional<Path> file, Map<String, String> environment, List<String> sets) {
        ConfigException thrown =
                catchThrowableOfType(ConfigException.class, () -> DaemonConfig.load(file, environment, sets));
        return thrown.problems();
    }
}
