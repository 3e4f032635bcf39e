package kvstore.dist;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.spi.ToolProvider;

/** A Java runtime of just the modules that kvstore needs, linked from the JDK that builds. */
final class RuntimeImage {
    /**
     * What {@code jdeps} names for the class path, less java.desktop and java.sql, which are for beans and databases that
     * libraries offer to handle, and with java.instrument, for agents.
     */
    static final List<String> MODULES = List.of(
            "java.base",
            "java.instrument",
            "java.logging",
            "java.management",
            "java.naming",
            "java.net.http",
            "java.xml",
            "jdk.attach",
            "jdk.httpserver",
            "jdk.jfr",
            "jdk.management",
            "jdk.unsupported");

    private RuntimeImage() {}

    /** Writes it to a directory that is not there. */
    static void link(Path target) throws IOException {
        ToolProvider jlink = ToolProvider.findFirst("jlink")
                .orElseThrow(() -> new IOException("no jlink in " + System.getProperty("java.home") + ": needs a JDK"));
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        // not compressed: the package is, and a start need not decompress classes
        int status = jlink.run(
                writer,
                writer,
                "--add-modules",
                String.join(",", MODULES),
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--output",
                target.toString());
        if (status != 0) {
            throw new IOException("jlink ended with " + status + ": " + output);
        }
    }
}
