package kvstore.store;

import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.lincheck.datastructures.BooleanGen;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The end of the log gives room to several threads as it would to one: no block twice, none left out, in the segments in
 * their order. After each small program, whatever was the interleaving, every segment that was made is complete, once,
 * and only after everybody had finished with it.
 */
@Param(name = "blocks", gen = IntGen.class, conf = "1:3")
@Param(name = "urgent", gen = BooleanGen.class)
public final class SegmentLogLincheckTest {
    /** Four blocks for puts, and what every segment has beside: header, index area, trailer, and what is kept back. */
    private static final long SEGMENT_BLOCKS = 4 + 3L + OpenSegment.URGENT_BLOCKS;

    private static final int ENTRY_BYTES = 100;

    private final NumberedSegments source = new NumberedSegments(SEGMENT_BLOCKS, 0);
    private final LogUnderTest log = new LogUnderTest(source);

    /** A put from its beginning to its end. */
    @Operation
    public String append(@Param(name = "blocks") int blocks, @Param(name = "urgent") boolean urgent) {
        String place = log.take(blocks, urgent);
        log.finishOne();
        return place;
    }

    /** The beginning of one. */
    @Operation
    public String take(@Param(name = "blocks") int blocks, @Param(name = "urgent") boolean urgent) {
        return log.take(blocks, urgent);
    }

    /** The end of one of those. */
    @Operation
    public void finish() {
        log.finishOne();
    }

    @Validate
    public void everySegmentIsCompleteOnce() {
        log.close();
        source.requireAllRight();
    }

    @Test
    void everyInterleaving() {
        new ModelCheckingOptions()
                .iterations(3)
                .invocationsPerIteration(50)
                .threads(2)
                .actorsPerThread(3)
                .minimizeFailedScenario(false)
                .check(SegmentLogLincheckTest.class);
    }

    @Test
    void underStress() {
        new StressOptions()
                .iterations(10)
                .invocationsPerIteration(500)
                .threads(3)
                .actorsPerThread(3)
                .check(SegmentLogLincheckTest.class);
    }

    @Test
    void underStressWithASourceThatFailsAndAStop() {
        new StressOptions()
                .iterations(10)
                .invocationsPerIteration(500)
                .threads(3)
                .actorsPerThread(3)
                .check(Failing.class);
    }

    @Test
    @Tag("long")
    void everyInterleavingWithASourceThatFailsAndAStop() {
        new ModelCheckingOptions()
                .iterations(10)
                .invocationsPerIteration(100)
                .threads(2)
                .actorsPerThread(3)
                .check(Failing.class);
    }

    /**
     * The same where no segment can be made now and then, and somebody stops the log. What is answered then depends on the
     * time, so only the segments are looked at.
     */
    @Param(name = "blocks", gen = IntGen.class, conf = "1:3")
    @Param(name = "urgent", gen = BooleanGen.class)
    public static final class Failing {
        private final NumberedSegments source = new NumberedSegments(SEGMENT_BLOCKS, 2);
        private final LogUnderTest log = new LogUnderTest(source);

        @Operation
        public void append(@Param(name = "blocks") int blocks, @Param(name = "urgent") boolean urgent) {
            log.tryTake(blocks, urgent);
            log.finishOne();
        }

        @Operation
        public void take(@Param(name = "blocks") int blocks, @Param(name = "urgent") boolean urgent) {
            log.tryTake(blocks, urgent);
        }

        @Operation
        public void finish() {
            log.finishOne();
        }

        @Operation
        public void retry() {
            log.retry();
        }

        @Operation
        public void stop() {
            log.stop();
        }

        @Validate
        public void everySegmentIsCompleteOnce() {
            log.close();
            source.requireAllRight();
        }
    }

    /** A log whose background work is done at once, by whoever asks for it. */
    private static final class LogUnderTest {
        private final NumberedSegments source;
        private final SegmentLog log;
        private final ConcurrentLinkedQueue<Extent> unfinished = new ConcurrentLinkedQueue<>();

        /** Time passes with every look at the clock. */
        private final AtomicLong nanos = new AtomicLong();

        LogUnderTest(NumberedSegments source) {
            this.source = source;
            this.log = new SegmentLog(
                    source,
                    new Environment(
                            () -> Instant.EPOCH,
                            () -> nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1)),
                            () -> new UUID(0, 0),
                            new StoreHarness.CallingThread()));
        }

        /** Where there is room, as soon as there is. */
        String take(int blocks, boolean urgent) {
            return take(blocks, urgent, Long.MAX_VALUE / 2);
        }

        /** Empty if there is no room now. */
        String tryTake(int blocks, boolean urgent) {
            return take(blocks, urgent, 0);
        }

        private String take(int blocks, boolean urgent, long waitNanos) {
            if (log.take(blocks, ENTRY_BYTES, urgent, waitNanos) instanceof SegmentLog.Taken.Room(Extent extent)) {
                source.taken(extent);
                unfinished.add(extent);
                return extent.segment().id() + ":" + extent.block();
            }
            return "";
        }

        void finishOne() {
            Extent extent = unfinished.poll();
            if (extent != null) {
                log.finish(extent);
            }
        }

        void retry() {
            log.retry();
        }

        void stop() {
            log.stop();
        }

        void close() {
            for (Extent extent = unfinished.poll(); extent != null; extent = unfinished.poll()) {
                log.finish(extent);
            }
            log.stop();
            log.awaitFinished();
            log.close();
        }
    }
}
