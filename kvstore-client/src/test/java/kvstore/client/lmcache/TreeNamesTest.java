package kvstore.client.lmcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Random;
import kvstore.api.ChunkKey;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names as LMCache 0.5.6 gives them, and all others. */
@NullMarked
final class TreeNamesTest {
    private static final String HASH = "084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4";

    @ParameterizedTest
    @CsvSource({
        "meta-llama-SEP-Llama-3.1-8B@0x01000100@0@084547b6.data, FS_NATIVE, meta-llama/Llama-3.1-8B@01000100@0@084547b6",
        "m@0x08030803@a@00ff@tenant-1.data,                      FS_NATIVE, m@08030803@a@00ff@tenant-1",
        "meta-llama--Llama-3.1-8B_01000100_0_084547b6.bin,       NIXL,      meta-llama/Llama-3.1-8B@01000100@0@084547b6",
        "my_model_1_ff000000_1f_00ff@t_1.bin,                    NIXL,      my_model_1@ff000000@1f@00ff@t_1",
        "08/45/m_01000100_0_084547b6.bin,                        NIXL,      m@01000100@0@084547b6",
        "meta-SEP-l@8@3@b8a960cfcc69e7a5@bfloat16.data,          FS,        meta/l@8@3@b8a960cfcc69e7a5@bfloat16",
        "m@1@0@-adc333b9eaa0e45@half@7.data,                     FS,        m@1@0@-adc333b9eaa0e45@half@7",
        "13/30/meta%2Fl%401%400%40b8a960cfcc69e7a5%40bfloat16.kvcache.safetensors, GDS, "
                + "meta/l@1@0@b8a960cfcc69e7a5@bfloat16",
        "13/30/m%401%400%40ff%40uint8%40user%25a%20b.weka1,      GDS,       m@1@0@ff@uint8@user%a b",
    })
    void isTheKeyThatAnEngineAsksFor(String path, TreeFormat format, String key) throws UnusableException {
        TreeNames.Named named = TreeNames.parse(Path.of(path), null);
        assertThat(named.format()).isEqualTo(format);
        assertThat(StoreKeys.of(named.key())).hasToString(key);
        assertThat(StoreKeys.parse(ChunkKey.of(key))).isEqualTo(named.key());
        assertThat(TreeNames.parse(Path.of(path), format)).isEqualTo(named);
    }

    @ParameterizedTest
    @CsvSource({
        "README.md,                                      UNKNOWN_NAME",
        "lmcache_gds_slab.bin,                           ODD_NAME",
        "m@0x01000100@0@0845.DATA,                       UNKNOWN_NAME",
        "m@0x1000100@0@0845.data,                        ODD_NAME",
        "m@0x0100010A@0@0845.data,                       ODD_NAME",
        "m@0x+1000100@0@0845.data,                       ODD_NAME",
        "m@0x01000100@00@0845.data,                      ODD_NAME",
        "m@0x01000100@0@084.data,                        ODD_NAME",
        "m@0x01000100@0@08GG.data,                       ODD_NAME",
        "m@0x01000100@0@0845@.data,                      ODD_NAME",
        "m@0x01000100@0@0845@a@b.data,                   ODD_NAME",
        "m@0x01000100@80000000@0845.data,                ODD_NAME",
        "@0x01000100@0@0845.data,                        ODD_NAME",
        "m@0x01000100@0@0845@a\\b.data,                  ODD_NAME",
        "tmp/m@0x01000100@0@0845.data,                   MISPLACED",
        "m_01000100_0_.bin,                              ODD_NAME",
        "a---b_01000100_0_0845.bin,                      ODD_NAME",
        "45/08/m_01000100_0_0845.bin,                    MISPLACED",
        "08/m_01000100_0_0845.bin,                       MISPLACED",
        "vllm@m@1@0@ff@half.data,                        ODD_NAME",
        "m@1@0@ff@fp8.data,                              ODD_NAME",
        "m@01@0@ff@half.data,                            ODD_NAME",
        "m@1@0@ff@half@x.data,                           ODD_NAME",
        "m%401%400%40ff%40half.kvcache.safetensors,      MISPLACED",
        "1/30/m%401%400%40ff%40half.kvcache.safetensors, MISPLACED",
        "13/30/m@1@0@ff@half.kvcache.safetensors,        ODD_NAME",
        "13/30/m%401%400%40ff%40half%.kvcache.safetensors, ODD_NAME",
        "13/30/m%2f1%401%400%40ff%40half.kvcache.safetensors, ODD_NAME",
        "13/30/m+%401%400%40ff%40half.kvcache.safetensors, ODD_NAME",
        "13/30/m%00%401%400%40ff%40half.kvcache.safetensors, ODD_NAME",
        "13/30/m%FF%401%400%40ff%40half.kvcache.safetensors, ODD_NAME",
    })
    void isRefusedWithAReason(String path, SkipReason reason) {
        assertThat(reasonOf(Path.of(path), null)).isEqualTo(reason);
    }

    @Test
    void aForcedFormatTakesNoOther() {
        Path file = Path.of("m@0x01000100@0@0845.data");
        assertThat(reasonOf(file, TreeFormat.FS)).isEqualTo(SkipReason.UNKNOWN_NAME);
        assertThat(reasonOf(file, TreeFormat.NIXL)).isEqualTo(SkipReason.UNKNOWN_NAME);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "m@0x01000100@0@0845.tmp",
                "m_01000100_0_0845.bin.tmp.0123456789abcdef0123456789abcdef",
                "m%401.kvcache.safetensors.tmp0123abcd",
                "m%401.kvcache.safetensors.metadata",
                "m%401.kvcache.safetensors.metadata.tmp0123abcd",
                "m%401.weka1.metadata",
                "kvstore.tmp.0123456789abcdef0123456789abcdef"
            })
    void whatIsNothingByItselfIsIgnored(String name) {
        assertThat(TreeNames.isIgnored(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"m.tmp@0x01000100@0@0845.data", "m.metadata", "x.tmpfile", ""})
    void whatIsMerelyLikeItIsNot(String name) {
        assertThat(TreeNames.isIgnored(name)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "FS_NATIVE, false, org/m@01000100@0@0845,             org-SEP-m@0x01000100@0@0845.data",
        "NIXL,      false, org/m@01000100@0@0845@s,           org--m_01000100_0_0845@s.bin",
        "NIXL,      true,  org/m@01000100@0@0845,             08/45/org--m_01000100_0_0845.bin",
        "GDS,       false, o/m@1@0@b8a960cfcc69e7a5@bfloat16, "
                + "13/30/o%2Fm%401%400%40b8a960cfcc69e7a5%40bfloat16.kvcache.safetensors",
        "GDS,       false, o/m@1@0@-adc333b9eaa0e45@half,     "
                + "-7/82/o%2Fm%401%400%40-adc333b9eaa0e45%40half.kvcache.safetensors",
        "FS,        false, o/m@1@0@ff@half@k%a/b,             o-SEP-m@1@0@ff@half@k%a-SEP-b.data",
    })
    void isWrittenAsLmcacheDoes(TreeFormat format, boolean sharded, String key, String path) throws UnusableException {
        assertThat(TreeNames.path(format, StoreKeys.parse(ChunkKey.of(key)), sharded))
                .hasToString(path);
    }

    @ParameterizedTest
    @CsvSource({
        "NIXL,      a--b@01000100@0@0845",
        "NIXL,      a-/b@01000100@0@0845",
        "FS_NATIVE, a-SEP-b@01000100@0@0845",
        "FS_NATIVE, m@1@0@ff@half",
        "GDS,       m@01000100@0@0845",
        "GDS,       m@1@0@ff@half",
        "GDS,       m@1@0@" + HASH + "@half",
    })
    void whatAFormatCannotNameIsNotWritten(TreeFormat format, String key) throws UnusableException {
        CacheKey parsed = StoreKeys.parse(ChunkKey.of(key));
        assertThat(catchThrowable(() -> TreeNames.path(format, parsed, false)))
                .isInstanceOfSatisfying(
                        UnusableException.class, e -> assertThat(e.reason()).isEqualTo(SkipReason.NOT_NAMEABLE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"k", "m@1@0@ffmetadata", "m@01000100@0", "a@b@c@d", "m@0100010G@0@0845", "m@1@0@ff@halfkv_bytes"
            })
    void keysOfOthersAreNotNameable(String key) {
        assertThat(catchThrowable(() -> StoreKeys.parse(ChunkKey.of(key))))
                .isInstanceOfSatisfying(
                        UnusableException.class, e -> assertThat(e.reason()).isEqualTo(SkipReason.NOT_NAMEABLE));
        assertThat(catchThrowable(() -> StoreKeys.parse(ChunkKey.of(new byte[] {(byte) 0xff, '@'}))))
                .isInstanceOf(UnusableException.class);
    }

    /** Any name gives a key that has this name, or the declared error. */
    @Test
    void fuzz() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String[] parts = {
            "m",
            "org",
            "-SEP-",
            "--",
            "-",
            "_",
            "@",
            "@",
            "@",
            "@0x01000100",
            "_01000100",
            "@0",
            "_0",
            "00ff",
            HASH,
            "1",
            "@bfloat16",
            "%40",
            "%2F",
            "%",
            "%zz",
            "/",
            "13/",
            "30/",
            "..",
            ".",
            ".data",
            ".bin",
            ".kvcache.safetensors",
            ".weka1",
            ".metadata",
            ".tmp",
            "\u0001",
            "\uFFFD",
            "ü",
            "\ud800",
            " ",
            "+",
            "*",
            "~"
        };
        String[] names = {
            "org-SEP-m@0x01000100@0@00ff.data",
            "m@0x01000100@0@00ff@salt.data",
            "org--m_x_01000100_0_00ff@salt.bin",
            "00/ff/m_01000100_0_00ff.bin",
            "org-SEP-m@1@0@-ff@bfloat16@7@tag%value.data",
            "13/30/o%2Fm%401%400%40b8a960cfcc69e7a5%40bfloat16.kvcache.safetensors"
        };
        int named = 0;
        for (int i = 0; i < 60_000; i++) {
            StringBuilder text = new StringBuilder(names[random.nextInt(names.length)]);
            int changes = random.nextInt(4);
            for (int j = 0; j < changes; j++) {
                int at = random.nextInt(text.length() + 1);
                int end = Math.min(text.length(), at + random.nextInt(3));
                text.replace(at, end, random.nextBoolean() ? parts[random.nextInt(parts.length)] : "");
            }
            Path path;
            try {
                path = Path.of(text.toString());
            } catch (RuntimeException _) {
                continue;
            }
            try {
                TreeNames.Named parsed = TreeNames.parse(path, null);
                CacheKey back = StoreKeys.parse(StoreKeys.of(parsed.key()));
                assertEquals(parsed.key(), back, () -> "seed %d, name %s".formatted(seed, path));
                named++;
            } catch (UnusableException e) {
                assertThat(e.reason()).as("seed %d, name %s", seed, path).isNotNull();
            } catch (RuntimeException e) {
                throw new AssertionError("seed %d, name %s".formatted(seed, path), e);
            }
        }
        assertThat(named).as("names that were names, seed %d", seed).isPositive();
    }

    private static SkipReason reasonOf(Path path, @Nullable TreeFormat forced) {
        try {
            throw new AssertionError(path + " is " + TreeNames.parse(path, forced));
        } catch (UnusableException e) {
            return e.reason();
        }
    }
}
