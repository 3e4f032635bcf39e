package kvstore.server.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Objects;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.testing.FakeFile;
import kvstore.v1.MissReason;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class StagedReadsTest {
    private static final long BYTES = 3L * Blocks.BLOCK_BYTES;

    private static final Duration TIMEOUT = Duration.ofMillis(50);

    private final Arena arena = Arena.ofShared();
    private final SlabPool slabs =
            new SlabPool(arena.allocate(2 * SlabPool.MAX_SLAB_BYTES, Blocks.BLOCK_BYTES), SlabPool.MAX_SLAB_BYTES);
    private final DaemonMetrics metrics = new DaemonMetrics();
    private final StagedReads reads = new StagedReads(slabs, metrics, Duration.ZERO, TIMEOUT);
    private final FakeFile file = new FakeFile();

    @AfterEach
    void close() {
        metrics.close();
        arena.close();
    }

    @Test
    void oneReadServesAllWhoWantTheExtent() throws InterruptedException {
        StagedRead first = read(0);
        StagedRead second = Objects.requireNonNull(reads.readWithoutWaiting(file, 0, BYTES));
        StagedRead other = read(BYTES);
        assertThat(file.underWay()).hasSize(2);
        assertThat(second.isDone()).isFalse();
        file.end();
        file.end();
        assertThat(first.await()).isEqualTo(MissReason.MISS_REASON_UNSPECIFIED);
        assertThat(second.memory().address()).isEqualTo(first.memory().address());
        assertThat(other.memory().get(ValueLayout.JAVA_LONG, 0)).isEqualTo(BYTES);

        first.close();
        first.close();
        StagedRead third = read(0);
        assertThat(file.underWay()).as("reads, while somebody holds the bytes").isEmpty();
        second.close();
        other.close();
        assertThat(slabs.usedBytes()).isPositive();
        third.close();
        assertThat(slabs.usedBytes()).isZero();
        assertThat(metrics.scrape())
                .contains("kvstore_shared_reads_total 2.0")
                .contains("kvstore_shared_read_bytes_total " + (double) (2 * BYTES));

        read(0);
        assertThat(file.underWay()).as("reads, once nobody held them any more").hasSize(1);
    }

    @Test
    void theDeviceKeepsTheMemoryUntilItHasEnded() throws InterruptedException {
        read(0).close();
        assertThat(slabs.usedBytes()).isPositive();
        StagedRead late = read(0);
        assertThat(file.underWay()).hasSize(1);
        late.close();
        file.end();
        assertThat(slabs.usedBytes()).isZero();
    }

    @Test
    void nobodyWaitsForADeviceThatHangsAndItKeepsTheMemory() throws InterruptedException {
        StagedRead first = read(0);
        assertThat(first.await()).isEqualTo(MissReason.MISS_REASON_IO_TIMEOUT);
        StagedRead late = read(0);
        assertThat(late.await()).as("of one who joins late").isEqualTo(MissReason.MISS_REASON_IO_TIMEOUT);
        first.close();
        late.close();
        assertThat(slabs.usedBytes()).isPositive();
        file.end();
        assertThat(slabs.usedBytes()).isZero();
    }

    @Test
    void whatFailedIsTriedAgain() throws InterruptedException {
        StagedRead failed = read(0);
        file.fail(new IoFailure(IoFailure.Kind.IO, 5, "EIO"));
        assertThat(failed.await()).isEqualTo(MissReason.MISS_REASON_IO_ERROR);
        StagedRead again = read(0);
        file.end();
        assertThat(again.await()).isEqualTo(MissReason.MISS_REASON_UNSPECIFIED);
        failed.close();
        again.close();
        assertThat(slabs.usedBytes()).isZero();
    }

    @Test
    void withoutMemoryThereIsNothingUnlessSomebodyElseHasIt() throws InterruptedException {
        StagedRead first = Objects.requireNonNull(reads.read(file, 0, SlabPool.MAX_SLAB_BYTES));
        StagedRead second = Objects.requireNonNull(reads.read(file, 1 << 30, SlabPool.MAX_SLAB_BYTES));
        assertThat(reads.read(file, BYTES, BYTES)).isNull();
        assertThat(reads.readWithoutWaiting(file, BYTES, BYTES)).isNull();
        StagedRead shared = Objects.requireNonNull(reads.read(file, 0, SlabPool.MAX_SLAB_BYTES));
        file.end();
        file.end();
        shared.close();
        first.close();
        second.close();
        assertThat(slabs.usedBytes()).isZero();
    }

    private StagedRead read(long offset) throws InterruptedException {
        @Nullable StagedRead read = reads.read(file, offset, BYTES);
        return Objects.requireNonNull(read);
    }
}
