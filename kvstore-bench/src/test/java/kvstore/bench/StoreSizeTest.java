package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;

import kvstore.api.Blocks;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StoreSizeTest {
    private static final long MEBIBYTE = 1L << 20;

    @ParameterizedTest
    @CsvSource({"33554432,32,8", "1048576,2,8", "65536,1000,1", "67108864,1,1", "4096,10000,8192"})
    void takesAllChunksAndSpares(long chunkBytes, long chunks, long chunksInSegment) {
        StoreSize size = StoreSize.of(chunkBytes, chunks, chunksInSegment);

        long record = Blocks.roundUp(chunkBytes) + Blocks.BLOCK_BYTES;
        long segments = size.capacityBytes() / size.segmentBytes();
        long perSegment = (size.segmentBytes() - MEBIBYTE) / record;
        assertThat(perSegment).isGreaterThanOrEqualTo(chunksInSegment);
        assertThat((segments - 2) * perSegment).isGreaterThanOrEqualTo(chunks);
        // what the daemon's configuration asks for
        assertThat(size.segmentBytes()).isGreaterThanOrEqualTo(64 * MEBIBYTE).isGreaterThan(size.maxValueBytes());
        assertThat(segments).isGreaterThanOrEqualTo(4);
        assertThat(size.maxValueBytes()).isGreaterThanOrEqualTo(Math.max(chunkBytes, MEBIBYTE));
    }

    @ParameterizedTest
    @CsvSource("33554432,32,8")
    void isToldInTheDaemonsWords(long chunkBytes, long chunks, long chunksInSegment) {
        assertThat(StoreSize.of(chunkBytes, chunks, chunksInSegment).settings())
                .containsExactly("data.capacity=1813MiB", "data.segment-size=259MiB", "data.max-value-size=32MiB");
    }
}
