package kvstore.server.simulate;

import java.util.HashSet;
import java.util.Set;

/**
 * What a policy made of a trace. Bytes are those of real values, without headers.
 *
 * @param blocks asked for
 * @param hitBlocks found before the first gap of their request
 * @param tokens of all prompts
 * @param hitTokens that did not have to be computed
 * @param writtenBytes put by clients
 * @param reinsertedBytes written again by the store, because they were read
 * @param notReinsertedBlocks that were read and went all the same
 * @param evictedBlocks that went, with those that expired
 * @param shedBlocks that were refused
 */
record Outcome(
        long blocks,
        long hitBlocks,
        long tokens,
        long hitTokens,
        long writtenBytes,
        long reinsertedBytes,
        long notReinsertedBlocks,
        long evictedBlocks,
        long shedBlocks) {
    double hitRatioByBlocks() {
        return (double) hitBlocks / blocks;
    }

    double hitRatioByTokens() {
        return (double) hitTokens / tokens;
    }

    /** What part of all that was written the store wrote again. */
    double reinsertedShare() {
        return reinsertedBytes == 0 ? 0 : (double) reinsertedBytes / (writtenBytes + reinsertedBytes);
    }

    /** What no cache can exceed: everything is kept for ever. */
    static Outcome unlimited(Trace trace, int blockTokens, long valueBytes) {
        Set<Long> seen = new HashSet<>();
        long blocks = 0;
        long hitBlocks = 0;
        long tokens = 0;
        long hitTokens = 0;
        for (Request request : trace.requests()) {
            int hits = 0;
            while (hits < request.hashIds().size()
                    && seen.contains(request.hashIds().get(hits))) {
                hits++;
            }
            seen.addAll(request.hashIds());
            blocks += request.hashIds().size();
            hitBlocks += hits;
            tokens += request.inputTokens();
            hitTokens += request.tokensIn(hits, blockTokens);
        }
        return new Outcome(blocks, hitBlocks, tokens, hitTokens, seen.size() * valueBytes, 0, 0, 0, 0);
    }
}
