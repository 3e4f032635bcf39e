package kvstore.server.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.IntUnaryOperator;
import kvstore.api.ChunkKey;
import kvstore.v1.HashAlgorithm;
import kvstore.v1.HashEra;
import kvstore.v1.HashScheme;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Known answers: what LMCache, vLLM and CPython compute for the tokens 0 to 511 in chunks of 256, PYTHONHASHSEED=0. */
final class HashVectorsTest {
    @ParameterizedTest
    @CsvSource(delimiter = ' ', textBlock = """
            BLAKE3 NONE 7e3eff9ef7613a50340eb12677ee03b83ac759fcba9bb32705f07248d56d473b \
            084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4 \
            e5ffee45c2b9db326814c9692dc594369887ba3b0df5761817820b60f864c8e0
            SHA256_CBOR NONE 4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e \
            f3de83132fabc7fa86835e24f2a2008df215e9d03ba998de8e1aaa1431327685 \
            371af08f4403543b92424de857c05f7e7e941c51fc259b7b6c5de7956b6adb7e
            SHA256_CBOR EMPTY 4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e \
            8b81dbad38c4b07b71e4def300d2cc1cf7e45ae1ee2ec983e0f92070d955e2dc \
            781718220b72190ce94eeac369ffd9845a1ce1f72fd9639121f2fea4248401a5
            SHA256_CBOR FOLDED 4e1195df020de59e b8a960cfcc69e7a5 cc309e143d545625
            BUILTIN EMPTY 49bc192c478bfc2e 5f05dec65811b7cc -adc333b9eaa0e45
            BUILTIN FOLDED 49bc192c478bfc2e 5f05dec65811b7cc -adc333b9eaa0e45
            """)
    void twoChunks(String algorithm, String era, String none, String first, String second) {
        ChunkHasher hasher = hasher(scheme(algorithm, era, ""));

        assertThat(hasher.noneHash()).hasToString(none);
        assertThat(hasher.hash(i -> i, 512, 256, 2))
                .extracting(ChainHash::toString)
                .containsExactly(first, second);
    }

    @Test
    void folded() {
        ChunkHasher hasher = hasher(scheme("SHA256_CBOR", "FOLDED", ""));

        assertThat(Long.toUnsignedString(hasher.noneHash().number())).isEqualTo("5625442194607170974");
        assertThat(hasher.hash(i -> i, 512, 256, 2))
                .extracting(hash -> Long.toUnsignedString(hash.number()))
                .containsExactly("13306273019646830501", "14713433792384882213");
    }

    @Test
    void vllmBeforeItsRename() {
        ChunkHasher hasher = hasher(scheme("SHA256_CBOR_64BIT", "NONE", ""));

        assertThat(Long.toUnsignedString(hasher.noneHash().number())).isEqualTo("17921330210090130494");
        assertThat(hasher.hash(i -> i, 256, 256, 1))
                .extracting(ChainHash::toString)
                .containsExactly("7b322416f5636694");
    }

    /** Computed with CPython 3.12.1 and 3.13.0; before 3.12, the hash of None was an address. */
    @Test
    void builtinWithNone() {
        assertThat(hasher(scheme("BUILTIN", "NONE", "")).hash(i -> i, 512, 256, 2))
                .extracting(ChainHash::number)
                .containsExactly(3067829022414786342L, -6064366088855478519L);
    }

    /** Computed with CPython 3.11.7: integers are hashed modulo 2^61 - 1, and -1 as -2. */
    @ParameterizedTest
    @CsvSource({
        "-1, 3, -708286045450881267, 7335639306009909495",
        "-9223372036854775808, 3, 2271829731740249739, 172007554536740139",
        "2305843009213693951, 5, -7512450872862792900, -7796983210526796227",
        "-2305843009213693951, 1, 1104624474442002995, -3596667649900045613"
    })
    void builtinAfterOddIntegers(long none, int chunkSize, long first, long second) {
        String noneHash = HexFormat.of().toHexDigits(none);

        assertThat(hasher(scheme("BUILTIN", "EMPTY", noneHash)).hash(i -> i, 2 * chunkSize, chunkSize, 2))
                .extracting(ChainHash::number)
                .containsExactly(first, second);
    }

    @Test
    void anIntegerMayStandBeforeDigests() {
        ChunkHasher hasher = hasher(scheme("BLAKE3", "NONE", "0000000000000000"));

        assertThat(hasher.hash(_ -> 0, 1, 1, 1))
                .extracting(ChainHash::toString)
                .containsExactly("7e3eff9ef7613a50340eb12677ee03b83ac759fcba9bb32705f07248d56d473b");
    }

    /** The heads of CBOR change their length at 24, 2^8, 2^16 and 2^32 (RFC 8949, section 3). */
    @Test
    void everyLengthOfACborHead() {
        int[] tokens = {0, 23, 24, 255, 256, 65_535, 65_536, -1};

        assertThat(HexFormat.of()
                        .formatHex(toArray(CborTuple.of(ChainHash.signed(-1), i -> tokens[i], 0, 8, CborTuple.NONE))))
                .isEqualTo("8320880017181818ff19010019ffff1a000100001afffffffff6");
        assertThat(cbor(ChainHash.signed(-25))).startsWith("833818");
        assertThat(cbor(ChainHash.signed(Long.MIN_VALUE))).startsWith("833b7fffffffffffffff");
        assertThat(cbor(ChainHash.unsigned(-1))).startsWith("831bffffffffffffffff");
        assertThat(cbor(ChainHash.unsigned(1L << 32))).startsWith("831b0000000100000000");
        assertThat(cbor(ChainHash.unsigned((1L << 32) - 1))).startsWith("831affffffff");
        assertThat(cbor(ChainHash.digest(new byte[32]))).startsWith("835820");
    }

    @Test
    void inputOfAWholeChunkHasTheKnownLength() {
        assertThat(CborTuple.of(ChainHash.digest(new byte[32]), i -> i, 0, 256, CborTuple.NONE)
                        .remaining())
                .isEqualTo(527);
    }

    @Test
    void aNoneHashOfAnotherLengthIsRefused() {
        assertThatThrownBy(() -> hasher(scheme("SHA256_CBOR", "NONE", "00")))
                .hasMessage("scheme.none_hash has 1 bytes; 32 (a digest) or 8 (an integer) are allowed");
        assertThatThrownBy(() -> hasher(scheme("BUILTIN", "NONE", "00".repeat(32))))
                .hasMessage("scheme.none_hash has 32 bytes; 8 (an integer) are allowed");
    }

    @Test
    void whatTheDaemonDoesNotKnowIsRefused() {
        assertThatThrownBy(() ->
                        hasher(HashScheme.newBuilder().setAlgorithmValue(9).build()))
                .hasMessage("scheme.algorithm is 9; this daemon knows 0 to 4");
        assertThatThrownBy(() -> hasher(HashScheme.newBuilder().setEraValue(9).build()))
                .hasMessage("scheme.era is 9; this daemon knows 0 to 3");
    }

    @Test
    void keysAreSpelledAsLmcacheDoes() {
        ChainHash digest = ChainHash.digest(HexFormat.of().parseHex("00ff"));
        assertThat(keys(ObjectKeys.mp("org/m", List.of(ObjectKeys.kvRank(8, 3)), List.of(0, 26), ""), digest))
                .containsExactly("org/m@08030803@0@00ff", "org/m@08030803@1a@00ff");
        assertThat(keys(ObjectKeys.mp("m", List.of(ObjectKeys.kvRank(1, 0)), List.of(0), "salt"), ChainHash.signed(-1)))
                .containsExactly("m@01000100@0@ffffffffffffffff@salt");
        assertThat(keys(ObjectKeys.mp("m", List.of(0x8103_8103), List.of(0), ""), digest))
                .containsExactly("m@81038103@0@00ff");
        assertThat(keys(
                        ObjectKeys.inProcess("m", 2, List.of(0, 1), "bfloat16", List.of("user%a", "lora%b")),
                        ChainHash.signed(-0xadc333b9eaa0e45L)))
                .containsExactly(
                        "m@2@0@-adc333b9eaa0e45@bfloat16@user%a@lora%b",
                        "m@2@1@-adc333b9eaa0e45@bfloat16@user%a@lora%b");
        assertThat(keys(ObjectKeys.inProcess("m", 1, List.of(0), "half", List.of()), ChainHash.unsigned(0xABC)))
                .containsExactly("m@1@0@abc@half");
        assertThat(keys(ObjectKeys.inProcess("m", 1, List.of(0), "half", List.of()), digest))
                .containsExactly("m@1@0@00ff@half");
    }

    private static List<String> keys(ObjectKeys objects, ChainHash hash) {
        List<ChunkKey> keys = new ArrayList<>();
        objects.addTo(keys, hash, "");
        assertThat(keys).hasSize(objects.perChunk());
        return keys.stream().map(Object::toString).toList();
    }

    private static String cbor(ChainHash prefix) {
        IntUnaryOperator none = _ -> 0;
        return HexFormat.of().formatHex(toArray(CborTuple.of(prefix, none, 0, 0, CborTuple.EMPTY)));
    }

    private static byte[] toArray(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static ChunkHasher hasher(HashScheme scheme) {
        return HashSchemes.hasher(scheme, HashEra.HASH_ERA_NONE);
    }

    private static HashScheme scheme(String algorithm, String era, String noneHash) {
        return HashScheme.newBuilder()
                .setAlgorithm(HashAlgorithm.valueOf("HASH_ALGORITHM_" + algorithm))
                .setEra(HashEra.valueOf("HASH_ERA_" + era))
                .setNoneHash(ByteString.copyFrom(HexFormat.of().parseHex(noneHash)))
                .build();
    }
}
