package kvstore.bench.load;

import java.util.List;

/**
 * What every peer is asked to do.
 *
 * @param chunkBytes sizes of chunks, one after the other
 * @param count chunks that are stored and then loaded in one round
 * @param inFlight chunks that are handed over at a time; the next come when all of them are done, as LMCache's tool does
 * @param rounds how often each peer takes its turn
 */
record LoadPlan(List<Long> chunkBytes, int count, int inFlight, int rounds) {
    LoadPlan {
        chunkBytes = List.copyOf(chunkBytes);
        require(
                !chunkBytes.isEmpty() && chunkBytes.stream().allMatch(size -> size > 0 && size % 1024 == 0),
                "--size must be more than 0, and whole KiB for LMCache's tool");
        require(count > 0, "--count must be at least 1");
        require(inFlight > 0 && inFlight <= count, "--in-flight must be 1 to --count");
        require(count % inFlight == 0, "--count must be a multiple of --in-flight");
        require(rounds > 0, "--rounds must be at least 1");
    }

    /** Portions of {@link #inFlight} chunks that one round consists of. */
    int waves() {
        return count / inFlight;
    }

    private static void require(boolean right, String rule) {
        if (!right) {
            throw new IllegalArgumentException(rule);
        }
    }
}
