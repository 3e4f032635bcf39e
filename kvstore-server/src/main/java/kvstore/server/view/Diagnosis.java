package kvstore.server.view;

import java.lang.management.ManagementFactory;
import java.lang.management.RuntimeMXBean;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import kvstore.server.config.EffectiveValue;
import kvstore.server.log.RecentLog;
import kvstore.v1.ConfigValue;
import kvstore.v1.DiagnoseResponse;

/** What helps to find out what is wrong: for {@code kvstore support-bundle}. Blocks no transfer. */
final class Diagnosis {
    /** A virtual thread per transfer may be many; what is beyond is of the same kind. */
    private static final int FRAMES_MAX = 64;

    private Diagnosis() {}

    static DiagnoseResponse of(String version, String metrics, List<EffectiveValue> config) {
        DiagnoseResponse.Builder response =
                DiagnoseResponse.newBuilder().setMetrics(metrics).setThreads(threads());
        config.forEach(value -> response.addConfig(ConfigValue.newBuilder()
                .setKey(value.path())
                .setValue(Secrets.shown(value.path(), value.value()))
                .setOrigin(value.origin())));
        response.addAllLogLines(RecentLog.lines());
        RuntimeMXBean runtime = ManagementFactory.getRuntimeMXBean();
        fact(response, "version", version);
        fact(response, "java", System.getProperty("java.vendor") + " " + Runtime.version());
        fact(
                response,
                "system",
                "%s %s %s"
                        .formatted(
                                System.getProperty("os.name"),
                                System.getProperty("os.version"),
                                System.getProperty("os.arch")));
        fact(response, "processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        fact(response, "heap_max_bytes", Long.toString(Runtime.getRuntime().maxMemory()));
        runtime.getInputArguments().forEach(argument -> fact(response, "jvm_argument", argument(argument)));
        return response.build();
    }

    private static void fact(DiagnoseResponse.Builder response, String key, String value) {
        response.addFacts(ConfigValue.newBuilder().setKey(key).setValue(value));
    }

    /** Such as {@code -Dname=value}. */
    private static String argument(String argument) {
        int equals = argument.indexOf('=');
        return equals < 0
                ? argument
                : argument.substring(0, equals + 1)
                        + Secrets.shown(argument.substring(0, equals), argument.substring(equals + 1));
    }

    /** Platform threads; those that carry requests are virtual and not listed by this. */
    private static String threads() {
        StringBuilder dump = new StringBuilder();
        Thread.getAllStackTraces().entrySet().stream()
                .sorted(Comparator.comparing(entry -> entry.getKey().getName()))
                .forEach(entry -> describe(entry, dump));
        return dump.toString();
    }

    private static void describe(Map.Entry<Thread, StackTraceElement[]> entry, StringBuilder dump) {
        Thread thread = entry.getKey();
        dump.append('"')
                .append(thread.getName())
                .append("\" ")
                .append(thread.getState())
                .append('\n');
        StackTraceElement[] frames = entry.getValue();
        for (int i = 0; i < Math.min(frames.length, FRAMES_MAX); i++) {
            dump.append("    at ").append(frames[i]).append('\n');
        }
        dump.append('\n');
    }
}
