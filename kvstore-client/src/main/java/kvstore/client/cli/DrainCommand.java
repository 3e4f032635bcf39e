package kvstore.client.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import kvstore.client.KvStoreClient;
import kvstore.v1.DrainResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "drain",
        description = {
            "Take the daemon out of service without stopping it: it stores nothing more, and health checks and /readyz say"
                    + " no; gets are served as before. Then wait until nothing is under way.",
            "It drains until --undo or a restart. Exits with 1 if something is under way at the deadline."
        })
final class DrainCommand implements KvStoreCommand {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Option(names = "--undo", description = "Back into service.")
    private boolean undo;

    @Option(
            names = "--deadline",
            paramLabel = "TIME",
            defaultValue = "60s",
            description = "Wait no longer, such as 30s or 5m. Default: ${DEFAULT-VALUE}.")
    private Duration deadline;

    @Override
    public Integer call() {
        try (KvStoreClient client = connection.connectWithoutHello()) {
            DrainResponse last = undo ? client.drain(true) : untilIdle(client);
            print(last);
            return (undo || idle(last) ? ExitCode.OK : ExitCode.NO).code();
        }
    }

    private DrainResponse untilIdle(KvStoreClient client) {
        long end = Timer.SYSTEM.nanoTime() + deadline.toNanos();
        DrainResponse last = client.drain(false);
        while (!idle(last) && Timer.SYSTEM.nanoTime() < end) {
            RateLimit.pause(Timer.SYSTEM, POLL_NANOS);
            last = client.drain(false);
        }
        return last;
    }

    private static boolean idle(DrainResponse drain) {
        return drain.getPuts() == 0 && drain.getGets() == 0;
    }

    private void print(DrainResponse last) {
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            out.println(Json.write(Json.object(
                    "draining", last.getDraining(),
                    "since_millis", last.getSinceMillis(),
                    "puts", last.getPuts(),
                    "gets", last.getGets())));
        } else if (!last.getDraining()) {
            out.println("in service");
        } else if (idle(last)) {
            out.println("draining; nothing is under way");
        } else {
            out.println("draining; still under way: %d puts, %d gets".formatted(last.getPuts(), last.getGets()));
        }
    }
}
