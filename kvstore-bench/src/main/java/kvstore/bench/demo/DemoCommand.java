package kvstore.bench.demo;

import java.io.PrintWriter;
import java.nio.file.Path;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.bench.LmcacheAdapter;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.KvStoreCommand;
import kvstore.client.cli.Progress;
import kvstore.client.cli.Words;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kvstore demo}. */
@Command(
        name = "demo",
        description = {
            "Store and load a prompt's KV cache through a daemon of the demo's own.",
            "The prompt has the shape of Llama-3.1-8B in bf16: 32 MiB for each 256 tokens. It is stored, looked up and"
                    + " loaded; then the daemon is restarted, and it is looked up and loaded again. Every byte is"
                    + " compared. Beside the daemon's rates stand those of plain files on the same disk.",
            "Exits with 0 only if every chunk was there and every byte right."
        })
public final class DemoCommand implements KvStoreCommand {
    private static final long SEED = 20_261_123;

    /** Beyond, the prefix would not fit into one lookup. */
    private static final int TOKENS_MAX = 2_000_000;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "8192",
            description = "Length of the prompt; 128 KiB each. Default: ${DEFAULT-VALUE}, which is 1 GiB.")
    private int tokens;

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            defaultValue = ".",
            description = {
                "The disk to try: the demo makes a directory of its own in DIR, and removes it at the end.",
                "Default: the current directory, because /tmp often is memory."
            })
    private Path directory;

    @Option(
            names = "--keep",
            description = "Leave the daemon up and its directory there, and show how to point LMCache at it.")
    private boolean keep;

    @Option(names = "--json", description = "Print one JSON document instead of text.")
    private boolean json;

    /** For the service loader. */
    public DemoCommand() {}

    @Override
    public Integer call() {
        ModelShape shape = ModelShape.LLAMA_3_1_8B;
        if (tokens < shape.chunkTokens() || tokens > TOKENS_MAX) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--tokens must be %d, for one chunk, to %d, not %d"
                            .formatted(shape.chunkTokens(), TOKENS_MAX, tokens));
        }
        Progress progress = Progress.on(spec.commandLine().getErr());
        try (CleanUp cleanUp = new CleanUp()) {
            try {
                Demo demo = new Demo(
                        Prompt.of(shape, tokens, SEED), DaemonLauncher.ofThisProcess(), progress, cleanUp, _ -> {});
                return finish(demo.run(directory, keep), cleanUp);
            } catch (RuntimeException e) {
                if (cleanUp.isClosed()) {
                    // what failed, failed because the daemon was taken away
                    throw new CommandFailure(ExitCode.FAILED, "interrupted; nothing is left", e);
                }
                throw e;
            }
        }
    }

    private int finish(Demo.Outcome outcome, CleanUp cleanUp) {
        PrintWriter out = spec.commandLine().getOut();
        DemoReport report = outcome.report();
        String target = outcome.daemon().target().toString();
        if (json) {
            out.println(Json.write(
                    keep
                            ? Json.object(
                                    "report", report.json(),
                                    "pid", outcome.daemon().pid(),
                                    "target", target,
                                    "directory", outcome.directory().toString())
                            : Json.object("report", report.json())));
        } else {
            out.print(report.text());
            if (keep) {
                out.print(afterwards(outcome, target));
            }
        }
        if (keep) {
            cleanUp.forget();
        }
        return report.verdict().code();
    }

    private static String afterwards(Demo.Outcome outcome, String target) {
        return """

                The daemon is up: process %d, log in %s
                Its store has room for %s; for more, see ./kvstore serve --help
                Look at it:   ./kvstore stat --target %s
                Stop it:      kill %d; rm -r %s
                For LMCache:  pip install ./kvstore-lmcache, and then

                lmcache server --l1-size-gb 4 --eviction-policy LRU --l1-align-bytes 4096 --l2-adapter \\
                  '%s'
                """.formatted(
                        outcome.daemon().pid(),
                        outcome.log(),
                        Words.size(outcome.capacityBytes()),
                        target,
                        outcome.daemon().pid(),
                        outcome.directory(),
                        LmcacheAdapter.kvstore(target));
    }
}
