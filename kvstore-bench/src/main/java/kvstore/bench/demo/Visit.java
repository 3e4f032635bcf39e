package kvstore.bench.demo;

import java.time.Duration;
import kvstore.bench.ChunkMover.Loaded;

/**
 * What one run of the daemon did for the prompt.
 *
 * @param start how long the daemon took from nothing to serving
 * @param lookup whether it knew the chunks
 * @param load what came back
 */
record Visit(Duration start, Lookup lookup, Loaded load) {
    int hits() {
        return load.hits();
    }

    /** Chunks that came back other than they were stored. */
    int wrong() {
        return load.hits() - load.right();
    }
}
