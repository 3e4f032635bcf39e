package kvstore.client.cli;

import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.ServiceLoader;
import kvstore.client.KvStoreException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The {@code kvstore} command. */
@Command(
        name = "kvstore",
        description = "Keeps the KV cache of language models on local disks and Lustre.",
        synopsisSubcommandLabel = "COMMAND",
        scope = ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
public final class Main {
    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "Show where a failure came from: a stack trace for developers.")
    private boolean verbose;

    private Main() {}

    public static void main(String[] args) {
        System.exit(run(System.in, System.out, System.err, args));
    }

    /**
     * Runs one command.
     *
     * @return its {@link ExitCode#code}
     */
    public static int run(InputStream in, PrintStream out, PrintStream err, String... args) {
        return run(new Console(in, out, err, Console.onTerminal()), args);
    }

    static int run(Console console, String... args) {
        CommandLine commandLine = commandLine(console);
        try {
            return commandLine.execute(args);
        } finally {
            commandLine.getOut().flush();
            commandLine.getErr().flush();
        }
    }

    /** The command line's definition, for what is made from it: manual pages, completion. Not to be executed. */
    public static CommandLine definition() {
        return commandLine(new Console(System.in, System.out, System.err, false));
    }

    private static CommandLine commandLine(Console console) {
        Main main = new Main();
        CommandLine commandLine = new CommandLine(main);
        List.of(
                        new PutCommand(console),
                        new GetCommand(console),
                        new LookupCommand(console),
                        new MatchCommand(console),
                        new DeleteCommand(),
                        new LsCommand(),
                        new ExplainCommand(),
                        new StatCommand(),
                        new ScrubCommand(),
                        new ClearCommand(console),
                        new DrainCommand(),
                        new LogLevelCommand(),
                        new TopCommand(console),
                        new SupportBundleCommand(),
                        new ImportCommand(),
                        new ExportCommand())
                .forEach(commandLine::addSubcommand);
        ServiceLoader.load(KvStoreCommand.class).forEach(commandLine::addSubcommand);
        documentExitCodes(commandLine);
        Converters.register(commandLine);
        return commandLine
                .setOut(writer(console.out()))
                .setErr(writer(console.err()))
                .setParameterExceptionHandler(usageFailure())
                .setExecutionExceptionHandler(failure(main));
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    private static void documentExitCodes(CommandLine commandLine) {
        commandLine
                .getCommandSpec()
                .usageMessage()
                .exitCodeListHeading("%nExit codes:%n")
                .exitCodeList(ExitCode.help());
        commandLine.getSubcommands().values().forEach(Main::documentExitCodes);
    }

    private static IParameterExceptionHandler usageFailure() {
        return (e, _) -> {
            CommandLine command = e.getCommandLine();
            String name = command.getCommandSpec().qualifiedName();
            command.getErr().println("%s: %s; see `%s --help`".formatted(name, e.getMessage(), name));
            return ExitCode.USAGE.code();
        };
    }

    private static IExecutionExceptionHandler failure(Main main) {
        return (e, command, _) -> {
            PrintWriter err = command.getErr();
            String name = command.getCommandSpec().qualifiedName();
            ExitCode exitCode = switch (e) {
                case CommandFailure failure -> failure.exitCode();
                case KvStoreException failure -> exitCode(failure);
                default -> ExitCode.FAILED;
            };
            boolean expected = e instanceof CommandFailure || e instanceof KvStoreException;
            err.println(name + ": " + (expected ? e.getMessage() : "unexpected: " + e + "; --verbose shows where"));
            if (main.verbose) {
                e.printStackTrace(err);
            }
            return exitCode.code();
        };
    }

    private static ExitCode exitCode(KvStoreException failure) {
        return switch (failure.code()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED -> ExitCode.UNREACHABLE;
            default -> ExitCode.FAILED;
        };
    }
}
