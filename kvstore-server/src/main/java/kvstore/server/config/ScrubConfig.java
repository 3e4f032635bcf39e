package kvstore.server.config;

import java.time.Duration;
import java.util.Optional;

/**
 * The scrub in the background.
 *
 * @param bytesPerSecond empty for none
 * @param interval from the begin of one to the begin of the next, if it has ended by then
 */
public record ScrubConfig(Optional<Long> bytesPerSecond, Duration interval) {}
