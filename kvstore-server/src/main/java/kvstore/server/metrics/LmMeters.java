package kvstore.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What goes through the lm door. Thread-safe. */
public final class LmMeters {
    private final PerLabel<LmCommand, PerLabel<LmOutcome, Counter>> commands;
    private final PerLabel<LmCommand, Timer> seconds;
    private final AtomicInteger connections = new AtomicInteger();
    private final Counter refused;
    private final Counter stalled;

    LmMeters(Meters meters) {
        commands = new PerLabel<>(command ->
                new PerLabel<>(outcome -> meters.counter(Metric.LM_COMMANDS_TOTAL, command.label(), outcome.label())));
        seconds = new PerLabel<>(command -> meters.latency(Metric.LM_COMMAND_SECONDS, command.label()));
        refused = meters.counter(Metric.LM_REFUSED_CONNECTIONS_TOTAL);
        stalled = meters.counter(Metric.LM_STALLED_CONNECTIONS_TOTAL);
        meters.gauge(Metric.LM_CONNECTIONS, connections::get);
        // at 0 from the start, because a rate misses the first of a series that begins at 1
        commands.get(LmCommand.PUT).get(LmOutcome.OK);
        commands.get(LmCommand.PUT).get(LmOutcome.DROPPED);
        for (LmCommand command : new LmCommand[] {LmCommand.GET, LmCommand.EXIST}) {
            commands.get(command).get(LmOutcome.HIT);
            commands.get(command).get(LmOutcome.MISS);
        }
        seconds.get(LmCommand.PUT);
    }

    /** A command ended, {@code nanos} after its header was there. */
    public void ended(LmCommand command, LmOutcome outcome, long nanos) {
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
