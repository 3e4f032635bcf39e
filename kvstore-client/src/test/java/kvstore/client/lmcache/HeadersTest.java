package kvstore.client.lmcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The two headers that LMCache puts before its bytes. */
@NullMarked
final class HeadersTest {
    private static final GdsHeader HEADER = new GdsHeader(Dtype.BF16, List.of(2, 4, 256, 8), 32_768, 2);

    @Test
    void gdsHeaderAsLmcacheWritesIt() throws UnusableException {
        byte[] bytes = HEADER.bytes();
        assertThat(bytes).hasSize(4096).startsWith(0xf8, 0x0f, 0, 0, 0, 0, 0, 0).endsWith(' ');
        assertThat(new String(bytes, 8, 4088, StandardCharsets.US_ASCII).strip())
                .isEqualTo(
                        "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [2, 4, 256, 8], \"data_offsets\": [0, 32768],"
                                + " \"fmt\": 2, \"__metadata__\": {\"lmcache_version\": \"1\"}}}");
        assertThat(GdsHeader.parse(bytes)).isEqualTo(HEADER);
        assertThat(GdsHeader.of(HEADER.remoteMetadata())).isEqualTo(HEADER);
    }

    @Test
    void remoteMetadataOfAShorterShape() {
        RemoteMetadata metadata = new GdsHeader(Dtype.U8, List.of(5, 3), 15, 1).remoteMetadata();
        // length, fmt, dtype, shape: struct.pack("iiiiiii", 15, 1, 6, 5, 3, 0, 0)
        assertThat(HexFormat.of().formatHex(metadata.bytes()))
                .isEqualTo("0f000000010000000600000005000000030000000000000000000000");
    }

    @Test
    void remoteMetadataOfTwoGroups() throws UnusableException {
        RemoteMetadata metadata = new RemoteMetadata(
                100,
                2,
                List.of(
                        new RemoteMetadata.Group(3, List.of(1, 2, 3, 4)),
                        new RemoteMetadata.Group(6, List.of(52, 0, 0, 0))));
        assertThat(metadata.bytes()).hasSize(48);
        assertThat(RemoteMetadata.parse(metadata.bytes(), 148)).isEqualTo(metadata);
        assertThat(catchThrowableOfType(UnusableException.class, () -> GdsHeader.of(metadata))
                        .reason())
                .isEqualTo(SkipReason.NOT_NAMEABLE);
    }

    @Test
    void remoteMetadataThatDoesNotFitTheFile() {
        byte[] bytes = HEADER.remoteMetadata().bytes();
        for (long fileBytes : new long[] {28, 32_768, 32_795, 32_797, 32_768L + 28 + (1L << 32), Long.MAX_VALUE}) {
            assertThat(catchThrowableOfType(UnusableException.class, () -> RemoteMetadata.parse(bytes, fileBytes))
                            .reason())
                    .isEqualTo(SkipReason.WRONG_SIZE);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"kvcache\": []}",
                "{\"kvcache\": {}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [4], \"data_offsets\": [0, 8],"
                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [4], \"data_offsets\": [0, 8], \"fmt\": 2,"
                        + " \"__metadata__\": {\"lmcache_version\": \"2\"}}}",
                "{\"kvcache\": {\"dtype\": \"I8\", \"shape\": [8], \"data_offsets\": [0, 8], \"fmt\": 2,"
                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [4], \"data_offsets\": [0, 9], \"fmt\": 2,"
                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [4], \"data_offsets\": [1, 9], \"fmt\": 2,"
                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [4], \"data_offsets\": [0, 8e0], \"fmt\": 2,"
                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [4], \"data_offsets\": [0, 1e999999999], \"fmt\": 2,"
                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [2147483647, 2147483647, 2147483647, 2147483647],"
                        + " \"data_offsets\": [0, 2], \"fmt\": 2, \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [1,1,1,1,4], \"data_offsets\": [0, 8], \"fmt\": 2,"
                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [-4], \"data_offsets\": [0, 8], \"fmt\": 2,"
                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
                "{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [4], \"shapes\": [[4]], \"data_offsets\": [0, 8],"
                        + " \"fmt\": 2, \"__metadata__\": {\"lmcache_version\": \"1\"}}}",
            })
    void gdsHeadersThatAreWrong(String json) {
        byte[] bytes = header(json);
        assertThat(catchThrowableOfType(UnusableException.class, () -> GdsHeader.parse(bytes))
                        .reason())
                .isEqualTo(SkipReason.BAD_HEADER);
    }

    @Test
    void deepJsonIsNoDeepStack() {
        for (String opening : new String[] {"[", "{\"a\":", "{\"kvcache\": ["}) {
            byte[] bytes = header(opening.repeat(4088 / opening.length()));
            assertThat(catchThrowableOfType(UnusableException.class, () -> GdsHeader.parse(bytes))
                            .reason())
                    .isEqualTo(SkipReason.BAD_HEADER);
        }
    }

    @Test
    void aTornGdsHeader() {
        byte[] whole = HEADER.bytes();
        for (int length : new int[] {0, 7, 8, 4095}) {
            assertThat(catchThrowableOfType(
                                    UnusableException.class, () -> GdsHeader.parse(Arrays.copyOf(whole, length)))
                            .reason())
                    .isEqualTo(SkipReason.BAD_HEADER);
        }
        Arrays.fill(whole, 64, 4096, (byte) 0);
        assertThat(catchThrowableOfType(UnusableException.class, () -> GdsHeader.parse(whole))
                        .reason())
                .isEqualTo(SkipReason.BAD_HEADER);
    }

    /** Bytes that are nearly right, and bytes that are not at all. */
    @Test
    void fuzz() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] good = HEADER.bytes();
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = good.clone();
            int changes = 1 + random.nextInt(4);
            for (int j = 0; j < changes; j++) {
                bytes[random.nextInt(170)] = (byte) random.nextInt(256);
            }
            byte[] small = new byte[random.nextInt(1300)];
            random.nextBytes(small);
            long valueBytes = random.nextBoolean() ? small.length : random.nextLong() & Long.MAX_VALUE;
            try {
                try {
                    GdsHeader header = GdsHeader.parse(bytes);
                    assertThat(header.remoteMetadata().length()).isEqualTo((int) header.length());
                } catch (UnusableException e) {
                    assertThat(e.reason()).isEqualTo(SkipReason.BAD_HEADER);
                }
                RemoteMetadata.parse(Arrays.copyOf(small, RemoteMetadata.headBytes(small.length)), valueBytes);
            } catch (UnusableException e) {
                assertThat(e.reason()).isIn(SkipReason.BAD_HEADER, SkipReason.WRONG_SIZE);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed %d, round %d".formatted(seed, i), e);
            }
        }
    }

    private static byte[] header(String json) {
        byte[] bytes = new byte[4096];
        Arrays.fill(bytes, (byte) ' ');
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(4088).put(text, 0, Math.min(text.length, 4088));
        return bytes;
    }
}
