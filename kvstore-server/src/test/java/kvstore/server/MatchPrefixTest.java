package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import kvstore.v1.DeleteRequest;
import kvstore.v1.HashAlgorithm;
import kvstore.v1.HashScheme;
import kvstore.v1.HelloRequest;
import kvstore.v1.InProcessKeys;
import kvstore.v1.MatchPrefixRequest;
import kvstore.v1.MatchPrefixResponse;
import kvstore.v1.MpKeys;
import kvstore.v1.PutStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** MatchPrefix against a real daemon, with the hashes that LMCache has for the tokens 0 to 511. */
@Timeout(60)
final class MatchPrefixTest {
    private static final String BLAKE3_0 = "084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4";
    private static final String BLAKE3_1 = "e5ffee45c2b9db326814c9692dc594369887ba3b0df5761817820b60f864c8e0";
    private static final ByteString VALUE = ByteString.copyFrom(new byte[1000]);

    @TempDir
    Path directory;

    private DaemonUnderTest daemon;
    private GeneratedStubs client;

    @BeforeEach
    void startDaemon() throws StartException {
        daemon = DaemonUnderTest.start(directory, "grpc.max-keys=32", "grpc.max-tokens=3000");
        client = new GeneratedStubs(daemon.tcp());
    }

    @AfterEach
    void stopDaemon() {
        daemon.close();
    }

    @Test
    void nothingIsHere() {
        MatchPrefixResponse answer = match(prompt(600).build());

        assertThat(answer)
                .isEqualTo(MatchPrefixResponse.newBuilder()
                        .setChunks(2)
                        .setCheckedChunks(2)
                        .setMissingKey(key("m@01000100@0@" + BLAKE3_0))
                        .build());
    }

    @Test
    void countsTokensUpToTheFirstMissingChunk() {
        put("m@01000100@0@" + BLAKE3_0);
        MatchPrefixResponse one = match(prompt(600).build());
        assertThat(one.getMatchedTokens()).isEqualTo(256);
        assertThat(one.getMatchedChunks()).isEqualTo(1);
        assertThat(one.getMatchedBytes()).isEqualTo(VALUE.size());
        assertThat(one.getMissingKey()).isEqualTo(key("m@01000100@0@" + BLAKE3_1));

        put("m@01000100@0@" + BLAKE3_1);
        MatchPrefixResponse two = match(prompt(600).build());
        assertThat(two.getMatchedTokens()).isEqualTo(512);
        assertThat(two.getMissingKey().isEmpty()).isTrue();
        assertThat(two.getChunkHashesList()).isEmpty();

        client.blocking()
                .delete(DeleteRequest.newBuilder()
                        .addKeys(key("m@01000100@0@" + BLAKE3_0))
                        .build());
        assertThat(match(prompt(600).build()).getMatchedTokens()).isZero();
        assertThat(daemon.metric("kvstore_prefix_tokens_total")).isEqualTo(1800);
        assertThat(daemon.metric("kvstore_prefix_chunks_total")).isEqualTo(6);
        assertThat(daemon.metric("kvstore_prefix_matched_chunks_total")).isEqualTo(3);
    }

    @Test
    void aPromptShorterThanAChunkMatchesNothing() {
        assertThat(match(prompt(255).build())).isEqualTo(MatchPrefixResponse.getDefaultInstance());
    }

    @Test
    void everyRankAndGroupCounts() {
        MpKeys.Builder keys =
                MpKeys.newBuilder().setModelName("m").setWorldSize(2).addAllObjectGroups(List.of(0, 1));
        MatchPrefixRequest request = prompt(256).setMp(keys).build();
        for (String head : List.of("m@02000200@0@", "m@02000200@1@", "m@02010201@0@")) {
            put(head + BLAKE3_0);
            assertThat(match(request).getMatchedTokens()).isZero();
        }
        assertThat(match(request).getMissingKey()).isEqualTo(key("m@02010201@1@" + BLAKE3_0));

        put("m@02010201@1@" + BLAKE3_0);

        assertThat(match(request).getMatchedTokens()).isEqualTo(256);
        assertThat(match(request).getMatchedBytes()).isEqualTo(4L * VALUE.size());
        MatchPrefixRequest one = prompt(256)
                .setMp(MpKeys.newBuilder().setModelName("m").addKvRanks(0x0201_0201))
                .build();
        assertThat(match(one).getMatchedTokens()).isEqualTo(256);
    }

    @Test
    void saltAndModelAreOthersPrompts() {
        put("m@01000100@0@" + BLAKE3_0 + "@tenant");

        assertThat(match(prompt(256).build()).getMatchedTokens()).isZero();
        MpKeys.Builder salted =
                MpKeys.newBuilder().setModelName("m").setWorldSize(1).setCacheSalt("tenant");
        assertThat(match(prompt(256).setMp(salted).build()).getMatchedTokens()).isEqualTo(256);
        salted.setModelName("n");
        assertThat(match(prompt(256).setMp(salted).build()).getMatchedTokens()).isZero();
    }

    @Test
    void keysOfTheEngineItself() {
        put("m@2@0@5f05dec65811b7cc@bfloat16@user%a");
        put("m@2@0@-adc333b9eaa0e45@bfloat16@user%a");
        put("m@2@1@5f05dec65811b7cc@bfloat16@user%a");
        InProcessKeys.Builder keys = InProcessKeys.newBuilder()
                .setModelName("m")
                .setWorldSize(2)
                .setDtype("bfloat16")
                .addTags("user%a");
        MatchPrefixRequest.Builder request = prompt(512).setInProcess(keys).setScheme(builtin());

        assertThat(match(request.build()).getMatchedTokens()).isEqualTo(256);
        assertThat(match(request.setInProcess(keys.addWorkerIds(0)).build()).getMatchedTokens())
                .isEqualTo(512);
    }

    @Test
    void aShortLastChunkCountsWhereItIsStored() {
        ByteString last = match(
                        prompt(300).setPartialChunk(true).setReturnHashes(true).build())
                .getChunkHashes(1);
        put("m@01000100@0@" + BLAKE3_0);
        put("m@01000100@0@" + HexFormat.of().formatHex(last.toByteArray()));

        assertThat(match(prompt(300).setPartialChunk(true).build()).getMatchedTokens())
                .isEqualTo(300);
        assertThat(match(prompt(300).build()).getMatchedTokens()).isEqualTo(256);
    }

    @Test
    void hashesInsteadOfTokens() {
        put("m@01000100@0@" + BLAKE3_0);
        put("m@1@0@-adc333b9eaa0e45@half");
        MatchPrefixRequest.Builder request = prompt(0)
                .addChunkHashes(ByteString.fromHex(BLAKE3_0))
                .addChunkHashes(ByteString.fromHex("0badcafe"))
                .setReturnHashes(true);
        assertThat(match(request.build()).getMatchedTokens()).isEqualTo(256);
        assertThat(match(request.build()).getChunkHashesList()).isEqualTo(request.getChunkHashesList());
        assertThat(match(request.build()).getMissingKey()).isEqualTo(key("m@01000100@0@0badcafe"));

        InProcessKeys.Builder keys =
                InProcessKeys.newBuilder().setModelName("m").setWorldSize(1).setDtype("half");
        MatchPrefixRequest.Builder number = prompt(0)
                .setInProcess(keys)
                .setScheme(builtin())
                .setChunkSize(16)
                .addChunkHashes(ByteString.fromHex(HexFormat.of().toHexDigits(-0xadc333b9eaa0e45L)));
        assertThat(match(number.build()).getMatchedTokens()).isEqualTo(16);
    }

    @Test
    void noMoreObjectsAreLookedForThanALookupMayHave() {
        MatchPrefixRequest.Builder request = prompt(3000)
                .setChunkSize(100)
                .setReturnHashes(true)
                .setMp(MpKeys.newBuilder().setModelName("m").setWorldSize(3));

        MatchPrefixResponse answer = match(request.build());

        assertThat(answer.getChunks()).isEqualTo(30);
        assertThat(answer.getCheckedChunks()).isEqualTo(10);
        assertThat(answer.getChunkHashesCount()).isEqualTo(10);
    }

    @Test
    void aLeaseIsGivenAndCutDown() {
        put("m@01000100@0@" + BLAKE3_0);

        MatchPrefixResponse answer = match(prompt(512).setLeaseMillis(-1).build());

        assertThat(answer.getLeaseId()).isNotZero();
        assertThat(answer.getLeaseMillis())
                .isEqualTo(client.blocking()
                        .hello(HelloRequest.getDefaultInstance())
                        .getLimits()
                        .getLeaseMillis());
        assertThat(match(prompt(512).build()).getLeaseId()).isZero();
    }

    @Test
    void refusalsNameFieldAndLimit() {
        refused(r -> r.clearTokenIds(), "token_ids and chunk_hashes are both empty; exactly one of them is needed");
        refused(
                r -> r.addChunkHashes(ByteString.fromHex("00")),
                "token_ids and chunk_hashes are both set; exactly one of them is needed");
        refused(
                r -> r.clearTokenIds().addChunkHashes(ByteString.EMPTY),
                "chunk_hashes[0] has 0 bytes; 1 to 64 are allowed");
        refused(
                r -> r.clearTokenIds().addChunkHashes(ByteString.fromHex("00")).setScheme(builtin()),
                "chunk_hashes[0] has 1 bytes; an integer has 8");
        refused(
                r -> r.setChunkSize(3001),
                "chunk_size is 3001; 1 to 3000 are allowed (grpc.max-tokens), and 0 for 256");
        refused(r -> r.clearMp(), "keys is not set; mp or in_process is needed");
        refused(r -> r.setClientId("x".repeat(65)), "client_id is longer than 64 bytes");
        refused(
                r -> r.setScheme(HashScheme.newBuilder().setNoneHash(ByteString.fromHex("00"))),
                "scheme.none_hash has 1 bytes; 32 (a digest) or 8 (an integer) are allowed");
        refused(
                r -> r.setMp(MpKeys.newBuilder().setWorldSize(1)),
                "mp.model_name is empty; 1 character or more is needed");
        refused(
                r -> r.getMpBuilder().setModelName("a@b"),
                "mp.model_name contains @, which LMCache's keys cannot have there");
        refused(
                r -> r.getMpBuilder().clearWorldSize(),
                "mp.world_size and mp.kv_ranks are both empty; exactly one of them is needed");
        refused(r -> r.getMpBuilder().setWorldSize(256), "mp.world_size is 256; 1 to 255 are allowed");
        refused(
                r -> r.getMpBuilder().setCacheSalt("s".repeat(129)),
                "mp.cache_salt has 129 characters; at most 128 are allowed");
        refused(
                r -> r.getMpBuilder().setCacheSalt("a/b"),
                "mp.cache_salt contains one of @ / \\ NUL, which LMCache does not allow");
        refused(
                r -> r.getMpBuilder().setModelName("m".repeat(1000)),
                "model_name and what else is in the keys is too long: a key has 1 to 1024 bytes, not 1076");
        InProcessKeys keys = InProcessKeys.newBuilder()
                .setModelName("m")
                .setWorldSize(2)
                .setDtype("half")
                .build();
        refused(
                r -> r.setInProcess(keys.toBuilder().clearDtype()),
                "in_process.dtype is empty; 1 character or more is needed");
        refused(
                r -> r.setInProcess(keys.toBuilder().clearWorldSize()),
                "in_process.world_size is 0; 1 to 65536 are allowed");
        refused(
                r -> r.setInProcess(keys.toBuilder().addWorkerIds(2)),
                "in_process.worker_ids[0] is 2; 0 to 1 are allowed (in_process.world_size)");
        refused(
                r -> r.setInProcess(keys.toBuilder().addTags("x")),
                "in_process.tags[0] has no %; name%value is needed");
    }

    @Test
    void tooMuchIsRefusedWithTheKeyThatAllowsMore() {
        exhausted(prompt(3001), "token_ids has 3001 entries; at most 3000 are allowed (grpc.max-tokens)");
        exhausted(
                prompt(0).addAllChunkHashes(Collections.nCopies(33, ByteString.fromHex("00"))),
                "chunk_hashes has 33 entries; at most 32 are allowed (grpc.max-keys)");
        exhausted(
                prompt(1)
                        .setMp(MpKeys.newBuilder()
                                .setModelName("m")
                                .setWorldSize(11)
                                .addAllObjectGroups(List.of(0, 1, 2))),
                "mp.kv_ranks times mp.object_groups give 33 objects a chunk; at most 32 are allowed (grpc.max-keys)");
    }

    private void refused(Consumer<MatchPrefixRequest.Builder> mistake, String message) {
        MatchPrefixRequest.Builder request = prompt(512);
        mistake.accept(request);
        fails(request, Status.Code.INVALID_ARGUMENT, message);
    }

    private void exhausted(MatchPrefixRequest.Builder request, String message) {
        fails(request, Status.Code.RESOURCE_EXHAUSTED, message);
    }

    private void fails(MatchPrefixRequest.Builder request, Status.Code code, String message) {
        assertThatThrownBy(() -> match(request.build())).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getDescription()).isEqualTo(message);
            assertThat(e.getStatus().getCode()).isEqualTo(code);
        });
    }

    private MatchPrefixResponse match(MatchPrefixRequest request) {
        return client.blocking().matchPrefix(request);
    }

    private void put(String key) {
        assertThat(client.put(key, VALUE).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
    }

    private static ByteString key(String key) {
        return ByteString.copyFromUtf8(key);
    }

    private static HashScheme builtin() {
        return HashScheme.newBuilder()
                .setAlgorithm(HashAlgorithm.HASH_ALGORITHM_BUILTIN)
                .build();
    }

    private static MatchPrefixRequest.Builder prompt(int tokens) {
        return MatchPrefixRequest.newBuilder()
                .addAllTokenIds(() -> IntStream.range(0, tokens).iterator())
                .setMp(MpKeys.newBuilder().setModelName("m").setWorldSize(1));
    }
}
