package kvstore.server.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A disk whose operations end when the test says so, and a clock that it turns. */
@Timeout(30)
@SuppressWarnings({"FutureReturnValueIgnored", "StaticAssignmentOfThrowable"
}) // what counts is what the engine was asked
final class TrafficTest {
    private static final long MIB = 1L << 20;
    private static final long SMALL_BYTES = 64 * 1024;
    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int FAILURES_MAX = 3;
    private static final IoFailure EIO = new IoFailure(IoFailure.Kind.IO, 5, "EIO");

    private final GuardConfig config = new GuardConfig(
            100 * MIB, 64 * MIB, 20 * MIB, Duration.ofNanos(TIMEOUT_NANOS), FAILURES_MAX, Duration.ofSeconds(1));

    private long nowNanos = Long.MAX_VALUE - TIMEOUT_NANOS; // the clock may pass the end of its range
    private final Traffic traffic = armed();
    private final Deque<CompletableFuture<Void>> reads = new ArrayDeque<>();
    private final Deque<CompletableFuture<Void>> writes = new ArrayDeque<>();

    private Traffic armed() {
        Traffic armed = new Traffic(config, () -> nowNanos);
        armed.arm();
        return armed;
    }

    @Test
    void theEngineGetsNoMoreThanTheBudgetInTheOrderOfAsking() {
        for (int i = 0; i < 4; i++) {
            write(30 * MIB);
        }
        assertThat(writes).hasSize(2);
        CompletableFuture<Void> header = write(SMALL_BYTES);
        assertThat(writes).as("a small one goes past the line").hasSize(3);
        writes.removeLast().complete(null);
        assertThat(header).isCompleted();
        write(MIB);
        assertThat(writes).as("a later one that would fit does not").hasSize(2);
        writes.remove().complete(null);
        assertThat(writes).hasSize(2);
        endAll(writes);
        assertThat(traffic.stats(traffic.writes()).outstandingBytes()).isZero();
    }

    @Test
    void whatIsLargerThanTheBudgetGoesAlone() {
        read(200 * MIB);
        read(MIB);
        assertThat(reads).hasSize(1);
        reads.remove().complete(null);
        assertThat(reads).hasSize(1);
    }

    @Test
    void writesHoldBackBesideReadsAndGoOnBehindThem() {
        read(16 * MIB);
        for (int i = 0; i < 5; i++) {
            write(16 * MIB);
        }
        assertThat(writes).as("one always").hasSize(1);
        writes.remove().complete(null);
        assertThat(writes).hasSize(1);
        reads.remove().complete(null);
        assertThat(writes).as("the reader's next read may come any moment").hasSize(1);
        nowNanos += TimeUnit.MILLISECONDS.toNanos(100);
        writes.remove().complete(null);
        assertThat(writes).hasSize(3);
    }

    @Test
    void aReadNeverWaitsForWrites() {
        for (int i = 0; i < 50; i++) {
            write(16 * MIB);
        }
        read(16 * MIB);
        assertThat(reads).hasSize(1);
    }

    @Test
    void aDiskThatGoesSilentIsLeftAloneUntilItAnswers() throws InterruptedException {
        CompletableFuture<Void> hung = read(MIB);
        nowNanos += TIMEOUT_NANOS / 2 + 1;
        assertThat(traffic.wantsProbe()).as("in time to find out").isTrue();
        assertThat(isOpen(traffic.reads())).isFalse();
        nowNanos += TIMEOUT_NANOS;
        assertThat(failureOf(read(MIB))).isEqualTo(IoFailure.Kind.UNAVAILABLE);
        assertThat(admitRead(MIB, Long.MAX_VALUE)).isEqualTo(Refusal.UNAVAILABLE);
        assertThat(reads).as("asked of the disk").hasSize(1);
        assertThat(write(MIB)).as("the other direction").isNotDone();
        FlowStats stats = traffic.stats(traffic.reads());
        assertThat(stats.trouble()).contains("none of 1 reads has ended for 15000 ms");
        assertThat(stats.overdue()).isEqualTo(1);
        assertThat(stats.refused()).isEqualTo(1);
        assertThat(hung).as("its buffer is the disk's").isNotDone();

        reads.remove().complete(null);
        assertThat(hung).isCompleted();
        assertThat(isOpen(traffic.reads())).isFalse();
        assertThat(admitRead(MIB, Long.MAX_VALUE)).isNull();
        assertThat(traffic.stats(traffic.reads()).opened()).isEqualTo(1);
    }

    @Test
    void oneThatHangsBesideOthersThatEndIsNoReason() {
        read(MIB);
        for (int i = 0; i < 10; i++) {
            nowNanos += TIMEOUT_NANOS / 2;
            read(MIB);
            reads.removeLast().complete(null);
        }
        assertThat(isOpen(traffic.reads())).isFalse();
        assertThat(traffic.stats(traffic.reads()).overdue()).isEqualTo(1);
    }

    @Test
    void aDiskThatFailsEverythingIsLeftAloneUntilAProbeSucceeds() {
        for (int i = 0; i < FAILURES_MAX; i++) {
            write(MIB);
            writes.remove().completeExceptionally(new CompletionException(EIO));
        }
        assertThat(failureOf(write(MIB))).isEqualTo(IoFailure.Kind.UNAVAILABLE);
        assertThat(traffic.stats(traffic.writes()).trouble()).contains("EIO");
        assertThat(traffic.wantsProbe()).as("at once").isFalse();
        nowNanos += TimeUnit.SECONDS.toNanos(1);
        assertThat(traffic.wantsProbe()).isTrue();
        assertThat(traffic.wantsProbe()).as("a second time").isFalse();
        traffic.probed(traffic.writes(), EIO);
        assertThat(isOpen(traffic.writes())).isTrue();
        nowNanos += TimeUnit.SECONDS.toNanos(1);
        assertThat(traffic.wantsProbe()).isTrue();
        traffic.probed(traffic.writes(), null);
        assertThat(isOpen(traffic.writes())).isFalse();
    }

    @Test
    void aFullDiskAnswers() {
        for (int i = 0; i < 10 * FAILURES_MAX; i++) {
            CompletableFuture<Void> full = write(MIB);
            writes.remove().completeExceptionally(new IoFailure(IoFailure.Kind.NO_SPACE, 28, "ENOSPC"));
            assertThat(failureOf(full)).isEqualTo(IoFailure.Kind.NO_SPACE);
        }
        assertThat(isOpen(traffic.writes())).isFalse();
    }

    @Test
    void whatWaitsInLineForTooLongIsGivenUpAndNeverAsked() {
        write(60 * MIB);
        CompletableFuture<Void> waiting = write(60 * MIB);
        nowNanos += TIMEOUT_NANOS + 1;
        traffic.look();
        assertThat(failureOf(waiting)).isEqualTo(IoFailure.Kind.UNAVAILABLE);
        writes.remove().complete(null);
        assertThat(writes).isEmpty();
    }

    @Test
    void aReadThatWouldComeTooLateIsRefusedFromTheMeasuredRate() throws InterruptedException {
        long second = TimeUnit.SECONDS.toNanos(1);
        read(90 * MIB);
        assertThat(admitRead(100 * MIB, 1)).as("while the rate is not known").isNull();
        nowNanos += second;
        reads.remove().complete(null);
        assertThat(traffic.stats(traffic.reads()).bytesPerSecond()).isEqualTo(90 * MIB);
        assertThat(admitRead(100 * MIB, 1)).as("while the disk is idle").isNull();

        read(45 * MIB);
        assertThat(admitRead(45 * MIB, second + 1_000)).isNull();
        assertThat(admitRead(45 * MIB, second - 1_000)).isEqualTo(Refusal.OVERLOADED);
        nowNanos += second;
        reads.remove().complete(null);
        assertThat(traffic.stats(traffic.reads()).bytesPerSecond())
                .as("follows a disk that slows down")
                .isLessThan(80 * MIB);
    }

    @Test
    void whatIsReadOneByOneSaysNothingAboutTheRate() {
        for (int i = 0; i < 10; i++) {
            read(MIB);
            nowNanos += TimeUnit.SECONDS.toNanos(1);
            reads.remove().complete(null);
        }
        assertThat(traffic.stats(traffic.reads()).bytesPerSecond()).isZero();
    }

    @Test
    void writesAreShedWhenAsMuchAsTheBudgetIsInLine() throws InterruptedException {
        for (int i = 0; i < 2; i++) {
            write(64 * MIB);
            assertThat(traffic.admit(traffic.writes(), MIB, 0, Long.MAX_VALUE))
                    .isEqualTo(i == 0 ? null : Refusal.OVERLOADED);
        }
        writes.remove().complete(null);
        assertThat(traffic.admit(traffic.writes(), MIB, 0, Long.MAX_VALUE)).isNull();
    }

    /** On one stack, or a long line would not fit there. */
    @Test
    void aLineThatFailsAtOnceDoesNotPileUpCalls() {
        write(64 * MIB);
        Deque<CompletableFuture<Void>> all = new ArrayDeque<>();
        for (int i = 0; i < 50_000; i++) {
            all.add(traffic.submit(
                    traffic.writes(),
                    MIB,
                    () -> CompletableFuture.failedFuture(new IoFailure(IoFailure.Kind.CLOSED, 0, "closed"))));
        }
        writes.remove().complete(null);
        assertThat(all).allMatch(CompletableFuture::isCompletedExceptionally);
    }

    private CompletableFuture<Void> read(long bytes) {
        return traffic.submit(traffic.reads(), bytes, () -> asked(reads));
    }

    private CompletableFuture<Void> write(long bytes) {
        return traffic.submit(traffic.writes(), bytes, () -> asked(writes));
    }

    private static CompletableFuture<Void> asked(Deque<CompletableFuture<Void>> operations) {
        CompletableFuture<Void> operation = new CompletableFuture<>();
        operations.add(operation);
        return operation;
    }

    private static void endAll(Deque<CompletableFuture<Void>> operations) {
        while (!operations.isEmpty()) {
            operations.remove().complete(null);
        }
    }

    private @Nullable Refusal admitRead(long bytes, long leftNanos) throws InterruptedException {
        return traffic.admit(traffic.reads(), bytes, 0, leftNanos);
    }

    private boolean isOpen(Flow flow) {
        return traffic.stats(flow).open();
    }

    private static IoFailure.Kind failureOf(CompletableFuture<Void> operation) {
        assertThat(operation).isCompletedExceptionally();
        return ((IoFailure) operation.exceptionNow()).kind();
    }
}
