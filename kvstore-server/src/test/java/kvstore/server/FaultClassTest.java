package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import kvstore.api.Blocks;
import kvstore.api.IoEngine;
import kvstore.server.FaultyEngine.Call;
import kvstore.server.FaultyEngine.Fault;
import kvstore.v1.DeleteRequest;
import kvstore.v1.GetStatus;
import kvstore.v1.ListRequest;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kind of fault once, at every place where it can happen: what the client is told, and what is counted. */
@Timeout(60)
final class FaultClassTest {
    private static final String KEY = "key";

    /** Two blocks, so that a write of one block is a header and any other is payload. */
    private static final int LENGTH = 100_000;

    /** What a call moves, told by its size. */
    private enum Part implements LongPredicate {
        HEADER,
        PAYLOAD,
        ANY;

        @Override
        public boolean test(long bytes) {
            return switch (this) {
                case HEADER -> bytes == Blocks.BLOCK_BYTES;
                case PAYLOAD -> bytes > Blocks.BLOCK_BYTES;
                case ANY -> true;
            };
        }
    }

    @TempDir
    Path directory;

    private @Nullable FaultyEngine engine;
    private @Nullable DaemonUnderTest daemon;
    private @Nullable GeneratedStubs stubs;

    @BeforeEach
    void start() throws StartException {
        start(FaultyEngine.NO_FAULTS);
        // From now on there is a segment, and a write is one of a record.
        assertThat(put("before").getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
    }

    @AfterEach
    void stop() {
        daemon().close();
    }

    @ParameterizedTest
    @EnumSource(names = {"EIO", "ENOSPC", "TRANSIENT", "TORN", "LATE_EIO"})
    void aWriteOfPayloadFails(Fault fault) throws StartException {
        putFails(Part.PAYLOAD, fault);
    }

    @ParameterizedTest
    @EnumSource(names = {"EIO", "ENOSPC", "TRANSIENT", "TORN", "LATE_EIO"})
    void aWriteOfAHeaderFails(Fault fault) throws StartException {
        putFails(Part.HEADER, fault);
        assertThat(count("kvstore_store_recovery_chunks")).isEqualTo(2);
    }

    private void putFails(Part write, Fault fault) throws StartException {
        OneFault plan = follow(new OneFault(Call.WRITE, write, fault));
        PutResponse answer = put(KEY);
        assertThat(plan.happened()).isTrue();
        boolean full = fault == Fault.ENOSPC;
        assertThat(answer.getStatus()).isEqualTo(PutStatus.PUT_STATUS_SHED);
        assertThat(answer.getReason()).isEqualTo(full ? PutReason.PUT_REASON_NO_SPACE : PutReason.PUT_REASON_IO_ERROR);
        assertThat(answer.getMessage()).contains("injected");
        assertThat(count(
                        "kvstore_put_chunks_total",
                        "status=\"shed\"",
                        full ? "reason=\"no_space\"" : "reason=\"io_error\""))
                .isEqualTo(1);
        if (write == Part.HEADER) {
            assertThat(count("kvstore_store_io_failures_total", "operation=\"header\""))
                    .isEqualTo(1);
        }
        assertMiss(MissReason.MISS_REASON_ABSENT);
        restart();
        assertMiss(MissReason.MISS_REASON_ABSENT);
        assertStoresAndLoads();
        restart();
        assertHit();
    }

    @ParameterizedTest
    @EnumSource(names = {"EIO", "SHORT", "TRANSIENT"})
    void aReadFails(Fault fault) {
        put(KEY);
        OneFault plan = follow(new OneFault(Call.READ, Part.ANY, fault));
        assertMiss(MissReason.MISS_REASON_IO_ERROR);
        assertThat(plan.happened()).isTrue();
        assertThat(count("kvstore_get_chunks_total", "reason=\"io_error\"")).isEqualTo(1);
        assertHit();
    }

    @Test
    void aReadFlipsABit() {
        put(KEY);
        follow(new OneFault(Call.READ, Part.ANY, Fault.FLIP));
        assertCorrupt();
    }

    @ParameterizedTest
    @EnumSource(names = {"FLIP", "LOST"})
    void aWriteOfPayloadLies(Fault fault) {
        follow(new OneFault(Call.WRITE, Part.PAYLOAD, fault));
        put(KEY);
        assertCorrupt();
    }

    @ParameterizedTest
    @EnumSource(names = {"FLIP", "LOST"})
    void aWriteOfAHeaderLies(Fault fault) {
        follow(new OneFault(Call.WRITE, Part.HEADER, fault));
        put(KEY);
        assertCorrupt();
    }

    /** A miss that is counted; the record is not looked at again, and the key can be stored anew. */
    private void assertCorrupt() {
        assertMiss(MissReason.MISS_REASON_CORRUPT);
        assertThat(count("kvstore_get_chunks_total", "reason=\"corrupt\"")).isEqualTo(1);
        assertThat(count("kvstore_store_corrupt_records_total")).isEqualTo(1);
        assertMiss(MissReason.MISS_REASON_ABSENT);
        assertStoresAndLoads();
    }

    @ParameterizedTest
    @EnumSource(names = {"EIO", "ENOSPC", "TRANSIENT"})
    void noSegmentCanBeMade(Fault fault) {
        put(KEY);
        follow((call, _, _, _) -> call == Call.CREATE ? fault : null);
        PutResponse refused = IntStream.range(0, 500)
                .mapToObj(i -> stubs().put("more-" + i, Payloads.bytes("more-" + i, 1_000_000)))
                .filter(answer -> answer.getStatus() != PutStatus.PUT_STATUS_STORED)
                .findFirst()
                .orElseThrow();
        assertThat(refused.getStatus()).isEqualTo(PutStatus.PUT_STATUS_SHED);
        assertThat(refused.getReason())
                .isEqualTo(fault == Fault.ENOSPC ? PutReason.PUT_REASON_NO_SPACE : PutReason.PUT_REASON_IO_ERROR);
        assertThat(count("kvstore_store_io_failures_total", "operation=\"create\""))
                .isPositive();
        assertHit();
        follow(FaultyEngine.NO_FAULTS);
        // It does not try again at once.
        Awaitility.await().until(() -> put("afterwards").getStatus() == PutStatus.PUT_STATUS_STORED);
        assertHit();
    }

    @Test
    void aDeleteCannotBeWrittenDown() throws StartException {
        put(KEY);
        OneFault plan = follow(new OneFault(Call.WRITE, Part.HEADER, Fault.EIO));
        DeleteRequest request =
                DeleteRequest.newBuilder().addKeys(ByteString.copyFromUtf8(KEY)).build();
        assertThat(stubs().blocking().delete(request).getDeleted().byteAt(0)).isEqualTo((byte) 1);
        assertThat(plan.happened()).isTrue();
        assertThat(count("kvstore_store_io_failures_total", "operation=\"tombstone\""))
                .isEqualTo(1);
        assertMiss(MissReason.MISS_REASON_ABSENT);
        restart();
        assertMiss(MissReason.MISS_REASON_ABSENT);
    }

    @Test
    void aSegmentCannotBeSealed() throws StartException {
        put(KEY);
        follow(new OneFault(Call.WRITE, Part.HEADER, Fault.EIO));
        restart();
        assertThat(count("kvstore_store_recovery_scanned_segments")).isEqualTo(1);
        assertHit();
    }

    @Test
    void anIndexAreaCannotBeRead() throws StartException {
        put(KEY);
        restart();
        OneFault plan = follow(new OneFault(Call.READ, Part.ANY, Fault.EIO));
        assertThat(stubs().admin().list(ListRequest.getDefaultInstance()).getUnreadableSegments())
                .isEqualTo(1);
        assertThat(plan.happened()).isTrue();
        assertThat(count("kvstore_store_io_failures_total", "operation=\"index\""))
                .isEqualTo(1);
        assertThat(stubs().admin().list(ListRequest.getDefaultInstance()).getChunksCount())
                .isEqualTo(2);
        assertHit();
    }

    @ParameterizedTest
    @EnumSource(names = {"EIO", "TRANSIENT"})
    void aSegmentCannotBeOpenedAtStart(Fault fault) throws StartException {
        put(KEY);
        restart(new OneFault(Call.OPEN, Part.ANY, fault));
        assertThat(count("kvstore_store_io_failures_total", "operation=\"open\""))
                .isEqualTo(1);
        assertThat(count("kvstore_store_segments", "state=\"unread\"")).isEqualTo(1);
        assertMiss(MissReason.MISS_REASON_ABSENT);
        restart();
        assertHit();
    }

    private void start(FaultyEngine.Plan plan) throws StartException {
        daemon = DaemonUnderTest.start(
                directory,
                real -> remember(new FaultyEngine(real, plan)),
                "data.capacity=128MiB",
                "data.segment-size=64MiB",
                "data.max-value-size=1MiB");
        stubs = new GeneratedStubs(daemon.tcp());
    }

    private IoEngine remember(FaultyEngine made) {
        engine = made;
        return made;
    }

    private void restart() throws StartException {
        restart(FaultyEngine.NO_FAULTS);
    }

    /** Stops under the plan that is followed, and starts under another. */
    private void restart(FaultyEngine.Plan plan) throws StartException {
        daemon().close();
        start(plan);
    }

    private <P extends FaultyEngine.Plan> P follow(P plan) {
        Objects.requireNonNull(engine).follow(plan);
        return plan;
    }

    private PutResponse put(String key) {
        return stubs().put(key, Payloads.bytes(key, LENGTH));
    }

    private void assertStoresAndLoads() {
        assertThat(put(KEY).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        assertHit();
    }

    private void assertHit() {
        assertThat(stubs().lookup(KEY).getLeadingHits()).isEqualTo(1);
        GeneratedStubs.Got got = stubs().get(KEY);
        assertThat(got.last().getStatus()).as("%s", got.last().getReason()).isEqualTo(GetStatus.GET_STATUS_HIT);
        assertThat(got.data().equals(Payloads.bytes(KEY, LENGTH))).isTrue();
    }

    private void assertMiss(MissReason reason) {
        GeneratedStubs.Got got = stubs().get(KEY);
        assertThat(got.hit()).isFalse();
        assertThat(got.last().getReason()).isEqualTo(reason);
    }

    private long count(String metric, String... labels) {
        return Scrape.of(daemon()).count(metric, labels);
    }

    private GeneratedStubs stubs() {
        return Objects.requireNonNull(stubs);
    }

    private DaemonUnderTest daemon() {
        return Objects.requireNonNull(daemon);
    }
}
