package kvstore.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What goes through the RESP door. Thread-safe. */
public final class RespMeters {
    private final PerLabel<RespCommand, PerLabel<RespOutcome, Counter>> commands;
    private final PerLabel<RespCommand, Timer> seconds;
    private final AtomicInteger connections = new AtomicInteger();
    private final Counter refused;
    private final Counter stalled;

    RespMeters(Meters meters) {
        commands = new PerLabel<>(command -> new PerLabel<>(
                outcome -> meters.counter(Metric.RESP_COMMANDS_TOTAL, command.label(), outcome.label())));
        seconds = new PerLabel<>(command -> meters.latency(Metric.RESP_COMMAND_SECONDS, command.label()));
        refused = meters.counter(Metric.RESP_REFUSED_CONNECTIONS_TOTAL);
        stalled = meters.counter(Metric.RESP_STALLED_CONNECTIONS_TOTAL);
        meters.gauge(Metric.RESP_CONNECTIONS, connections::get);
        // at 0 from the start, because a rate misses the first of a series that begins at 1
        commands.get(RespCommand.SET).get(RespOutcome.OK);
        commands.get(RespCommand.SET).get(RespOutcome.DROPPED);
        commands.get(RespCommand.GET).get(RespOutcome.HIT);
        commands.get(RespCommand.GET).get(RespOutcome.MISS);
        seconds.get(RespCommand.SET);
        seconds.get(RespCommand.GET);
    }

    /** A command ended, {@code nanos} after it was understood. */
    public void ended(RespCommand command, RespOutcome outcome, long nanos) {
        commands.get(command).get(outcome).increment();
        seconds.get(command).record(nanos, TimeUnit.NANOSECONDS);
    }

    /** A client came. */
    public void opened() {
        connections.incrementAndGet();
    }

    /** It went. */
    public void closed() {
        connections.decrementAndGet();
    }

    /** A client came and found the door full. */
    public void refused() {
        refused.increment();
    }

    /** A connection was closed because its client made no progress. */
    public void stalled() {
        stalled.increment();
    }
}
