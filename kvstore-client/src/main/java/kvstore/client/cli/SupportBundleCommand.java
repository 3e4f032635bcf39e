package kvstore.client.cli;

import com.google.protobuf.Message;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import kvstore.client.KvStoreClient;
import kvstore.client.KvStoreException;
import kvstore.v1.ConfigValue;
import kvstore.v1.DiagnoseResponse;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "support-bundle",
        description = {
            "Write what helps to find out what is wrong with a daemon into one zip file, and say what is in it.",
            "No payload, and no value of a setting that may be a secret. Names of models, namespaces and directories are in"
                    + " it, and lines of the log, which may name keys."
        })
final class SupportBundleCommand implements KvStoreCommand {
    private static final int SEGMENT_GROUPS = 1000;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Where to write; must not exist. Default: kvstore-support-TIME.zip here.")
    private @Nullable Path output;

    /**
     * A file of the bundle.
     *
     * @param about one line for its table of contents
     */
    private record Part(String name, String about, Supplier<String> content) {}

    @Override
    public Integer call() {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Path file = output == null ? Path.of("kvstore-support-" + now.toString().replace(":", "") + ".zip") : output;
        Map<String, String> written = new LinkedHashMap<>();
        try (KvStoreClient client = connection.connectWithoutHello();
                OutputStream out = create(file);
                ZipOutputStream zip = new ZipOutputStream(out, StandardCharsets.UTF_8)) {
            List<Part> parts = parts(client);
            write(zip, "README.txt", readme(now, parts));
            for (Part part : parts) {
                String content = content(part);
                write(zip, part.name(), content);
                written.put(part.name(), part.about());
            }
        } catch (FileAlreadyExistsException e) {
            throw new CommandFailure(ExitCode.USAGE, "--output: " + file + " exists already", e);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot write " + file + ": " + e.getMessage(), e);
        }
        print(file, written);
        return ExitCode.OK.code();
    }

    /** For its owner only, because of what the log may say. */
    private static OutputStream create(Path file) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.newOutputStream(file, StandardOpenOption.WRITE);
    }

    private List<Part> parts(KvStoreClient client) {
        // asked first and only here: a daemon that does not answer this will not answer the rest, and the command fails
        String stat = Json.write(Json.of(client.stat()));
        List<Part> parts = new ArrayList<>();
        parts.add(new Part("stat.json", "one look at the daemon, as kvstore stat --json", () -> stat));
        parts.add(new Part("history.json", "the last 15 minutes in steps", () -> json(client.history(0))));
        parts.add(new Part(
                "segments.json", "segment files by age, in groups", () -> json(client.segments(SEGMENT_GROUPS))));
        parts.add(new Part("contents.json", "chunks by model and namespace", () -> json(client.contents())));
        DiagnoseResponse[] asked = new DiagnoseResponse[1];
        Supplier<DiagnoseResponse> diagnosis = () -> {
            if (asked[0] == null) {
                asked[0] = client.diagnose();
            }
            return asked[0];
        };
        parts.add(new Part("metrics.txt", "all metrics", () -> diagnosis.get().getMetrics()));
        parts.add(new Part(
                "threads.txt",
                "every platform thread of the daemon and where it is",
                () -> diagnosis.get().getThreads()));
        parts.add(new Part(
                "config.txt",
                "each setting and where it comes from; what may be a secret is (redacted)",
                () -> values(diagnosis.get().getConfigList())));
        parts.add(new Part(
                "log.txt",
                "the last lines of the daemon's log",
                () -> String.join("\n", diagnosis.get().getLogLinesList()) + "\n"));
        parts.add(new Part(
                "versions.txt",
                "versions of kvstore, Java and the system",
                () -> "client " + Version.current() + "\n"
                        + values(diagnosis.get().getFactsList())));
        parts.add(new Part("doctor.txt", "what kvstore doctor says without options", this::doctor));
        return parts;
    }

    private static String json(Message message) {
        return Json.write(Json.of(message)) + "\n";
    }

    private static String values(List<ConfigValue> values) {
        Table table = new Table();
        values.forEach(value -> table.add(value.getKey(), value.getValue(), value.getOrigin()));
        return table.toString();
    }

    private String doctor() {
        CommandLine main = spec.commandLine().getParent();
        CommandLine doctor = main == null ? null : main.getSubcommands().get("doctor");
        if (doctor == null) {
            return "this program has no doctor\n";
        }
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        PrintWriter before = doctor.getOut();
        PrintWriter errorsBefore = doctor.getErr();
        try {
            int _ = doctor.setOut(out)
                    .setErr(out)
                    .execute("--target", connection.target().toString());
        } finally {
            doctor.setOut(before).setErr(errorsBefore);
        }
        out.flush();
        return text.toString();
    }

    /** What cannot be had is said in its place: the rest is worth having. */
    private static String content(Part part) {
        try {
            return part.content().get();
        } catch (KvStoreException e) {
            return "could not be had: " + e.getMessage() + "\n";
        }
    }

    private static String readme(Instant now, List<Part> parts) {
        return "What kvstore support-bundle collected at " + now + ".\n\n"
                + "No payload is in here. Settings that may be secrets are left out by their names. Names of models,\n"
                + "namespaces, directories and hosts are in here, and lines of the log, which may name keys: read it before\n"
                + "you hand it on.\n\n"
                + parts.stream()
                        .map(part -> "%-16s %s%n".formatted(part.name(), part.about()))
                        .collect(Collectors.joining());
    }

    private static void write(ZipOutputStream zip, String name, String content) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(content.getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
    }

    private void print(Path file, Map<String, String> written) {
        PrintWriter out = spec.commandLine().getOut();
        if (connection.json()) {
            out.println(Json.write(Json.object("file", file.toString(), "parts", List.copyOf(written.keySet()))));
            return;
        }
        out.println(file);
        Table table = new Table();
        written.forEach((name, about) -> table.add("  " + name, about));
        out.print(table);
    }
}
