package kvstore.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kvstore.client.cli.Main;

/**
 * How a daemon is started as a child: with the Java and the class path of this process, so that it is the same build, and
 * with the JVM flags that the launcher script gives to {@code kvstore serve}.
 *
 * @param command all before the options of {@code serve}
 */
public record DaemonLauncher(List<String> command) {
    /** Set by the launcher script for the commands that start a daemon: the flags, with blanks between them. */
    static final String FLAGS_PROPERTY = "kvstore.serve.flags";

    private static final String AOT_CACHE = "-XX:AOTCache=";
    private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

    public DaemonLauncher {
        command = List.copyOf(command);
    }

    /** For this process. */
    public static DaemonLauncher ofThisProcess() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                System.getProperty(FLAGS_PROPERTY, NATIVE_ACCESS).strip().split("\\s+")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName(), "serve"));
        return new DaemonLauncher(command);
    }

    /** Whether the JVM is told of a cache of classes that are loaded and linked already. */
    public boolean hasAotCache() {
        return command.stream().anyMatch(argument -> argument.startsWith(AOT_CACHE));
    }

    /** The same without that. */
    public DaemonLauncher withoutAotCache() {
        return new DaemonLauncher(command.stream()
                .filter(argument -> !argument.startsWith(AOT_CACHE))
                .toList());
    }
}
