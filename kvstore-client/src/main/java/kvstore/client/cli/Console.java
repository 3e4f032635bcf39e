package kvstore.client.cli;

import java.io.InputStream;
import java.io.PrintStream;

/** The standard streams, as bytes: a value may come and go through them. */
record Console(InputStream in, PrintStream out, PrintStream err) {}
