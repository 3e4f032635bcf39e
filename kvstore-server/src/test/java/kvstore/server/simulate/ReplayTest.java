package kvstore.server.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import kvstore.api.Blocks;
import kvstore.store.EvictionConfig;
import kvstore.store.EvictionConfig.Policy;
import kvstore.store.SegmentFit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Traces so short that their hits can be counted by hand. The node has four segments of four values each. A segment is made
 * ready when the open one is past its half, at its third value: so the first segment goes when the fifteenth value comes,
 * which leaves room for one in the open one.
 */
final class ReplayTest {
    private static final int BLOCK_TOKENS = 512;
    private static final long VALUE = 15L * Blocks.BLOCK_BYTES;
    private static final NodeSize NODE = new NodeSize(4 * SegmentFit.bytes(4, VALUE), VALUE, 4, 4);

    @TempDir
    Path directory;

    /** Values 1 to 12, one a second; 1 again; three more, with which the first segment goes; 1 and 2 again. */
    private static Trace evictingTrace() {
        List<Request> requests = new ArrayList<>();
        LongStream.rangeClosed(1, 12).forEach(id -> requests.add(request(requests.size(), id)));
        for (long id : new long[] {1, 13, 14, 15, 1, 2}) {
            requests.add(request(requests.size(), id));
        }
        return new Trace(requests);
    }

    private static Request request(long seconds, Long... hashIds) {
        return new Request(seconds * 1000, (long) hashIds.length * BLOCK_TOKENS, List.of(hashIds));
    }

    private Outcome replay(Trace trace, Policy policy, double reinsertShare, int idleSeconds) throws IOException {
        Path scratch = Files.createTempDirectory(directory, "replay");
        EvictionConfig eviction = new EvictionConfig(policy, reinsertShare, idleSeconds, 1);
        try (Replay replay = new Replay(scratch, eviction, NODE, BLOCK_TOKENS)) {
            return replay.serve(trace);
        }
    }

    @Test
    void theOldestGoesWhetherItWasReadOrNot() throws Exception {
        Outcome outcome = replay(evictingTrace(), Policy.OLDEST, 0.5, 600);
        assertThat(outcome.blocks()).isEqualTo(18);
        assertThat(outcome.hitBlocks()).isEqualTo(1);
        assertThat(outcome.writtenBytes()).isEqualTo(17 * VALUE);
        assertThat(outcome.reinsertedBytes()).isZero();
        assertThat(outcome.evictedBlocks()).isEqualTo(4);
        assertThat(outcome.shedBlocks()).isZero();
    }

    @Test
    void whatWasReadIsWrittenAgainAndHitAgain() throws Exception {
        Outcome outcome = replay(evictingTrace(), Policy.REINSERT, 0.5, 600);
        assertThat(outcome.hitBlocks()).isEqualTo(2);
        assertThat(outcome.writtenBytes()).isEqualTo(16 * VALUE);
        assertThat(outcome.reinsertedBytes()).isEqualTo(VALUE);
        assertThat(outcome.reinsertedShare()).isEqualTo(1.0 / 17);
        assertThat(outcome.evictedBlocks()).isEqualTo(3);
        assertThat(outcome.notReinsertedBlocks()).isZero();
    }

    @Test
    void aBudgetThatIsSmallerThanAValueIsNoSecondChance() throws Exception {
        Outcome outcome = replay(evictingTrace(), Policy.REINSERT, 0.1, 600);
        assertThat(outcome.hitBlocks()).isEqualTo(1);
        assertThat(outcome.reinsertedBytes()).isZero();
        assertThat(outcome.notReinsertedBlocks()).isEqualTo(1);
    }

    @Test
    void whatIsIdleIsAMiss() throws Exception {
        Trace trace = new Trace(List.of(
                request(0, 1L),
                request(0, 2L),
                request(50, 1L),
                request(100, 1L), // 50 s after its last use
                request(100, 2L), // 100 s after: gone, and put again
                request(161, 1L))); // 61 s after: gone
        assertThat(replay(trace, Policy.IDLE, 0.1, 60).hitBlocks()).isEqualTo(2);
        assertThat(replay(trace, Policy.IDLE, 0.1, 60).writtenBytes()).isEqualTo(4 * VALUE);
        assertThat(replay(trace, Policy.OLDEST, 0.1, 60).hitBlocks()).isEqualTo(4);
    }

    @Test
    void onlyAPrefixIsAHit() throws Exception {
        Trace trace = new Trace(List.of(
                new Request(0, 1300, List.of(1L, 2L, 3L)),
                new Request(1, 1300, List.of(1L, 2L, 4L)),
                new Request(2, 1300, List.of(1L, 2L, 3L)),
                new Request(3, 1300, List.of(9L, 2L, 3L))));
        Outcome outcome = replay(trace, Policy.OLDEST, 0.1, 600);
        assertThat(outcome.hitBlocks()).isEqualTo(5);
        assertThat(outcome.hitTokens()).isEqualTo(1024 + 1300);
        assertThat(outcome.tokens()).isEqualTo(4 * 1300);
        assertThat(outcome.writtenBytes()).isEqualTo(5 * VALUE);
        assertThat(Outcome.unlimited(trace, BLOCK_TOKENS, VALUE).hitTokens()).isEqualTo(outcome.hitTokens());
    }

    @Test
    void theSmallNodeHasAsManySegmentsAndValuesAsTheRealOne() {
        NodeSize size = NodeSize.of(64L << 30, 1L << 30, 64L << 20);
        assertThat(size).isEqualTo(new NodeSize(64L << 30, 64L << 20, 64, 15));
        assertThat(SegmentFit.values(size.shortSegmentBytes(), size.shortValueBytes()))
                .isEqualTo(15);
        assertThat(size.shortCapacityBytes()).isEqualTo(SegmentFit.capacityBytes(64, size.shortSegmentBytes()));
        assertThatThrownBy(() -> NodeSize.of(1L << 30, 1L << 30, 256L << 20))
                .hasMessage(
                        "a capacity of 1073741824 bytes, in segments of 268435456, has no room for blocks of 268435456"
                                + " bytes");
    }
}
