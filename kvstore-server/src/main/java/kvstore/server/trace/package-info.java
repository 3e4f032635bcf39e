/** Traces of calls, by OpenTelemetry over OTLP. Off unless an operator names where they go. */
@NullMarked
package kvstore.server.trace;

import org.jspecify.annotations.NullMarked;
