package kvstore.server.simulate;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.KvStoreCommand;
import kvstore.server.config.Sizes;
import kvstore.store.EvictionConfig;
import kvstore.store.EvictionConfig.Policy;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code kvstore simulate}. */
@Command(
        name = "simulate",
        description = {
            "Replay a trace of requests through the store's own eviction, and show hit ratios by capacity and policy.",
            "No payload is written anywhere, and no daemon is needed."
        })
public final class SimulateCommand implements KvStoreCommand {
    private static final long SEED = 1;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "TRACE",
            description = "A file with a JSON object a line: timestamp (ms), input_length, output_length, hash_ids.")
    private Path trace;

    @Option(
            names = "--capacity",
            paramLabel = "SIZE",
            split = ",",
            converter = SizeConverter.class,
            description = "Capacities, such as 64GiB,1TiB. Default: from 1/32 to 1/2 of all that the trace writes.")
    private List<Long> capacities = List.of();

    @Option(
            names = "--policy",
            paramLabel = "POLICY",
            split = ",",
            defaultValue = "oldest,reinsert,idle",
            converter = PolicyConverter.class,
            description = "As eviction.policy. Default: all, ${DEFAULT-VALUE}.")
    private List<Policy> policies;

    @Option(
            names = "--reinsert-share",
            paramLabel = "PART",
            defaultValue = "0.1",
            description = "As eviction.reinsert-share. Default: ${DEFAULT-VALUE}.")
    private double reinsertShare;

    @Option(
            names = "--idle-ttl",
            paramLabel = "TIME",
            defaultValue = "10m",
            description = "As eviction.idle-ttl. Default: ${DEFAULT-VALUE}.")
    private Duration idleTtl;

    @Option(
            names = "--segment-size",
            paramLabel = "SIZE",
            defaultValue = "1GiB",
            converter = SizeConverter.class,
            description = "As data.segment-size. Default: ${DEFAULT-VALUE}.")
    private long segmentBytes;

    @Option(
            names = "--block-tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens that one of the trace's hash_ids stands for. Default: ${DEFAULT-VALUE}.")
    private int blockTokens;

    @Option(
            names = "--bytes-per-token",
            paramLabel = "SIZE",
            defaultValue = "128KiB",
            converter = SizeConverter.class,
            description = {
                "KV cache of one token: 2 x layers x KV heads x head size x bytes of a number.",
                "Default: ${DEFAULT-VALUE}, which is Llama 3.1 8B in bf16."
            })
    private long tokenBytes;

    @Option(names = "--svg", paramLabel = "FILE", description = "Write a plot there too.")
    private @Nullable Path svg;

    @Option(names = "--json", description = "Print one JSON document instead of text.")
    private boolean json;

    @Option(
            names = "--generate",
            paramLabel = "N",
            description = {
                "Write a made-up trace of N requests to TRACE instead, and replay nothing:",
                "conversations that share system prompts, and documents that are read once."
            })
    private int generate;

    @Option(names = "--seed", paramLabel = "N", description = "For --generate. Default: " + SEED + ".")
    private long seed = SEED;

    /** For the service loader. */
    public SimulateCommand() {}

    /** As the configuration writes sizes. */
    static final class SizeConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            try {
                return Sizes.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'" + text + "' " + e.getMessage());
            }
        }
    }

    /** As the configuration writes policies. */
    static final class PolicyConverter implements ITypeConverter<Policy> {
        @Override
        public Policy convert(String text) {
            return Arrays.stream(Policy.values())
                    .filter(policy -> policy.label().equals(text))
                    .findFirst()
                    .orElseThrow(
                            () -> new TypeConversionException("'" + text + "' is none of oldest, reinsert and idle"));
        }
    }

    @Override
    public Integer call() {
        if (blockTokens < 1 || tokenBytes < 1) {
            throw new ParameterException(spec.commandLine(), "--block-tokens and --bytes-per-token must be at least 1");
        }
        try {
            if (generate > 0) {
                Files.write(trace, TraceGenerator.lines(seed, generate, blockTokens));
            } else {
                replay();
            }
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, String.valueOf(e.getMessage()), e);
        }
        return ExitCode.OK.code();
    }

    private void replay() throws IOException {
        Simulation simulation = new Simulation(
                Trace.read(trace), blockTokens, Math.multiplyExact(tokenBytes, blockTokens), segmentBytes);
        Report report = report(simulation);
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? report.json() : report.text());
        out.flush();
        if (svg != null) {
            Files.writeString(svg, Plot.svg(report));
        }
    }

    private Report report(Simulation simulation) throws IOException {
        try {
            int idleSeconds = Math.toIntExact(idleTtl.toSeconds());
            List<EvictionConfig> evictions = policies.stream()
                    .map(policy -> new EvictionConfig(policy, reinsertShare, idleSeconds, 1))
                    .toList();
            List<Long> wanted = capacities.isEmpty() ? simulation.capacities() : capacities;
            return new Report(
                    simulation,
                    Outcome.unlimited(simulation.trace(), blockTokens, simulation.valueBytes()),
                    simulation.run(wanted, evictions));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
