package kvstore.server.command;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.KvStoreCommand;
import kvstore.server.identity.Users;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kvstore hash-password}: never takes the password from the command line, which all users of a machine can read. */
@Command(
        name = "hash-password",
        description = {
            "Print a line for resp.users-file: a user, and a hash of the password.",
            "The password is asked for at a terminal, and else the first line of standard input."
        })
public final class HashPasswordCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "USER", description = "The user's name, as clients give it to AUTH.")
    private String user;

    /** For the service loader. */
    public HashPasswordCommand() {}

    @Override
    public Integer call() {
        char[] password = password();
        if (password.length == 0) {
            throw new CommandFailure(ExitCode.USAGE, "the password is empty");
        }
        try {
            spec.commandLine().getOut().println(Users.line(user, password));
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        } finally {
            Arrays.fill(password, '\0');
        }
        return ExitCode.OK.code();
    }

    @SuppressWarnings("SystemConsoleNull") // NullAway knows it otherwise
    private static char[] password() {
        Console console = System.console();
        if (console != null && console.isTerminal()) {
            char[] typed = console.readPassword("Password: ");
            return typed == null ? new char[0] : typed;
        }
        try {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String line = in.readLine();
            return line == null ? new char[0] : line.toCharArray();
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read the password: " + e.getMessage(), e);
        }
    }
}
