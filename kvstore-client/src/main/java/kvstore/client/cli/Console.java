package kvstore.client.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.Optional;

/**
 * The standard streams, as bytes: a value may come and go through them.
 *
 * @param terminal whether a person is at the other end, who can be asked
 */
record Console(InputStream in, PrintStream out, PrintStream err, boolean terminal) {
    /** Whether standard input and output of this process are a terminal. */
    static boolean onTerminal() {
        // which of the two it is without a terminal, null or a console that says no, changed over Java's releases
        return Optional.ofNullable(System.console())
                .filter(java.io.Console::isTerminal)
                .isPresent();
    }
}
