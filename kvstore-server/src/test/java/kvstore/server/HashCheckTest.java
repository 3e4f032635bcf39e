package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import kvstore.v1.HashAlgorithm;
import kvstore.v1.HashCheck;
import kvstore.v1.HashCheckResult;
import kvstore.v1.HashEra;
import kvstore.v1.HashScheme;
import kvstore.v1.HelloRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The known answers of Hello against a real daemon. */
@Timeout(60)
final class HashCheckTest {
    private static final String BLAKE3 = "e5ffee45c2b9db326814c9692dc594369887ba3b0df5761817820b60f864c8e0";
    private static final String SHA256_NONE = "371af08f4403543b92424de857c05f7e7e941c51fc259b7b6c5de7956b6adb7e";
    private static final String BUILTIN_EMPTY = "f523ccc46155f1bb";

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

    @Test
    void sidesThatHashAlikeAgree() {
        List<HashCheckResult> results = hello(
                check(HashAlgorithm.HASH_ALGORITHM_UNSPECIFIED, HashEra.HASH_ERA_UNSPECIFIED, 256, BLAKE3),
                check(HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR, HashEra.HASH_ERA_UNSPECIFIED, 256, SHA256_NONE),
                check(HashAlgorithm.HASH_ALGORITHM_BUILTIN, HashEra.HASH_ERA_FOLDED, 256, BUILTIN_EMPTY));

        assertThat(results).hasSize(3).allSatisfy(result -> {
            assertThat(result.getAgrees()).isTrue();
            assertThat(result.getMessage()).isEmpty();
        });
        assertThat(daemon.metric("kvstore_hash_checks_total{result=\"agrees\"}"))
                .isEqualTo(3);
    }

    @Test
    void anotherAlgorithmIsRecognised() {
        assertThat(disagreement(HashAlgorithm.HASH_ALGORITHM_BLAKE3, HashEra.HASH_ERA_UNSPECIFIED, 256, SHA256_NONE))
                .startsWith("said to be blake3 with 256 tokens a chunk, the client has 371af08f")
                .contains("the daemon e5ffee45", "which is sha256_cbor of era none: tell MatchPrefix this algorithm");
    }

    @Test
    void anotherEraIsRecognised() {
        assertThat(disagreement(
                        HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR,
                        HashEra.HASH_ERA_UNSPECIFIED,
                        256,
                        "cc309e143d545625"))
                .contains("which is sha256_cbor of era folded");
    }

    @Test
    void anotherChunkSizeIsRecognised() {
        assertThat(disagreement(HashAlgorithm.HASH_ALGORITHM_BLAKE3, HashEra.HASH_ERA_UNSPECIFIED, 128, BLAKE3))
                .contains("which is that of 256 tokens a chunk: set the same chunk size on both sides");
    }

    @Test
    void aSeedOfItsOwnIsNamedAsTheCause() {
        assertThat(disagreement(
                        HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR, HashEra.HASH_ERA_UNSPECIFIED, 256, "00".repeat(32)))
                .contains("set PYTHONHASHSEED=0 on every engine and LMCache process");
        assertThat(disagreement(HashAlgorithm.HASH_ALGORITHM_BUILTIN, HashEra.HASH_ERA_EMPTY, 256, "00".repeat(8)))
                .contains("PYTHONHASHSEED=0", "one Python release");
        assertThat(disagreement(HashAlgorithm.HASH_ALGORITHM_BLAKE3, HashEra.HASH_ERA_NONE, 256, ""))
                .contains("the client has nothing", "PYTHONHASHSEED=0");
        assertThat(daemon.metric("kvstore_hash_checks_total{result=\"differs\"}"))
                .isEqualTo(3);
    }

    @Test
    void pythonsHashIsToldByItsLength() {
        assertThat(disagreement(
                        HashAlgorithm.HASH_ALGORITHM_SHA256_CBOR,
                        HashEra.HASH_ERA_UNSPECIFIED,
                        256,
                        "fe9a6a2bb72f32c2"))
                .endsWith(
                        "LMCache finds no vLLM and hashes with Python's hash instead, so install vLLM where LMCache runs,"
                                + " or set --hash-algorithm blake3 for lmcache server");
    }

    @Test
    void aSeedThatIsToldIsTaken() {
        HashCheck.Builder check =
                check(HashAlgorithm.HASH_ALGORITHM_BLAKE3, HashEra.HASH_ERA_UNSPECIFIED, 256, BLAKE3).toBuilder();
        check.getSchemeBuilder()
                .setNoneHash(ByteString.fromHex("7e3eff9ef7613a50340eb12677ee03b83ac759fcba9bb32705f07248d56d473b"));
        assertThat(hello(check.build())).singleElement().returns(true, HashCheckResult::getAgrees);

        check.getSchemeBuilder().setNoneHash(ByteString.copyFrom(new byte[32]));
        assertThat(hello(check.build())).singleElement().returns(false, HashCheckResult::getAgrees);
    }

    @Test
    void refusalsNameFieldAndLimit() {
        HashCheck good = check(HashAlgorithm.HASH_ALGORITHM_BLAKE3, HashEra.HASH_ERA_UNSPECIFIED, 256, BLAKE3);
        assertThatThrownBy(() -> hello(Collections.nCopies(9, good).toArray(HashCheck[]::new)))
                .hasMessage("INVALID_ARGUMENT: hash_checks has 9 entries; at most 8 are allowed");
        assertThatThrownBy(() -> hello(good.toBuilder().setChunkSize(8193).build()))
                .hasMessage("INVALID_ARGUMENT: hash_checks.chunk_size is 8193; 1 to 8192 are allowed");
        assertThatThrownBy(() -> hello(good.toBuilder()
                        .setScheme(HashScheme.newBuilder().setNoneHash(ByteString.fromHex("00")))
                        .build()))
                .hasMessage("INVALID_ARGUMENT: hash_checks.scheme.none_hash has 1 bytes; 32 (a digest) or 8 (an"
                        + " integer) are allowed");
    }

    private String disagreement(HashAlgorithm algorithm, HashEra era, int chunkSize, String hash) {
        List<HashCheckResult> results = hello(check(algorithm, era, chunkSize, hash));
        assertThat(results).singleElement().returns(false, HashCheckResult::getAgrees);
        return results.getFirst().getMessage();
    }

    private List<HashCheckResult> hello(HashCheck... checks) {
        return client.blocking()
                .hello(HelloRequest.newBuilder()
                        .setClientName("test")
                        .addAllHashChecks(List.of(checks))
                        .build())
                .getHashChecksList();
    }

    private static HashCheck check(HashAlgorithm algorithm, HashEra era, int chunkSize, String hash) {
        return HashCheck.newBuilder()
                .setScheme(HashScheme.newBuilder().setAlgorithm(algorithm).setEra(era))
                .setChunkSize(chunkSize)
                .setChunkHash(ByteString.fromHex(hash))
                .build();
    }
}
