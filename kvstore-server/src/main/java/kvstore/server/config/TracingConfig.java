package kvstore.server.config;

import java.net.URI;
import java.util.Optional;

/**
 * Traces over OTLP.
 *
 * @param endpoint URL of the receiver; empty for no traces
 * @param samplingRatio the part of the calls that are traced, of those whose caller does not say
 */
public record TracingConfig(Optional<URI> endpoint, double samplingRatio) {}
