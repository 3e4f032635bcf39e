package kvstore.bench.demo;

import java.time.Duration;

/**
 * What the daemon answered to the question for the whole prefix.
 *
 * @param found chunks before the first that is missing
 * @param time median of many
 */
record Lookup(int found, Duration time) {}
