/**
 * What the daemon counts and measures, for Prometheus. {@link kvstore.server.metrics.Metric} is the one place that names
 * a metric; {@link kvstore.server.metrics.DaemonMetrics} is how the rest of the daemon reports to it.
 */
@NullMarked
package kvstore.server.metrics;

import org.jspecify.annotations.NullMarked;
