package kvstore.server.simulate;

import java.util.List;

/**
 * One request of a trace.
 *
 * @param timestampMillis since the trace began
 * @param inputTokens length of the prompt
 * @param hashIds one for each block of the prompt, the last of which may be shorter; the same number means the same tokens
 *     behind the same prefix
 */
record Request(long timestampMillis, long inputTokens, List<Long> hashIds) {
    Request {
        hashIds = List.copyOf(hashIds);
    }

    /** Tokens of the first {@code blocks} blocks. */
    long tokensIn(int blocks, int blockTokens) {
        return Math.min((long) blocks * blockTokens, inputTokens);
    }
}
