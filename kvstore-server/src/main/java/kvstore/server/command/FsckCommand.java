package kvstore.server.command;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.KvStoreCommand;
import kvstore.client.cli.Table;
import kvstore.client.cli.Words;
import kvstore.store.BadRecord;
import kvstore.store.DirectoryCheck;
import kvstore.store.DirectoryReport;
import kvstore.store.SegmentDamage;
import kvstore.store.StoreException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kvstore fsck}: looks at a directory whose daemon is stopped. */
@Command(
        name = "fsck",
        description = {
            "Check the segment files of a node whose daemon is stopped.",
            "Writes nothing without --repair. While a daemon runs, use `kvstore scrub`.",
            "Exits with 5 if anything is damaged that was not set aside."
        })
public final class FsckCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "DIR",
            arity = "1..*",
            description =
                    "The pool's directories, as in data.directory and data.more-directories. Each is checked by itself.")
    private List<Path> directories;

    @Option(names = "--node", paramLabel = "NAME", description = "Only this node of the pool. Default: all.")
    private @Nullable String node;

    @Option(
            names = "--verify-payloads",
            description =
                    "Read every record whole and compare it with its checksums: takes as long as reading all files.")
    private boolean verifyPayloads;

    @Option(
            names = "--repair",
            description = "Move segment files that cannot be used to quarantine/, as the next start would.")
    private boolean repair;

    @Option(names = "--json", description = "Print one JSON document instead of text.")
    private boolean json;

    /** For the service loader. */
    public FsckCommand() {}

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<Object> nodes = new ArrayList<>();
        boolean clean = true;
        try {
            for (Path directory : directories) {
                for (String name : node == null ? DirectoryCheck.nodes(directory) : List.of(node)) {
                    Findings findings = new Findings(json ? null : out);
                    DirectoryReport report = DirectoryCheck.check(directory, name, verifyPayloads, repair, findings);
                    clean &= report.clean();
                    if (json) {
                        nodes.add(json(directory, report, findings));
                    } else {
                        out.print(table(directory, report));
                    }
                }
            }
        } catch (StoreException e) {
            throw new CommandFailure(ExitCode.FAILED, String.valueOf(e.getMessage()), e);
        }
        if (json) {
            out.println(Json.write(Json.object("nodes", nodes, "clean", clean)));
        }
        return (clean ? ExitCode.OK : ExitCode.WRONG_DATA).code();
    }

    private Table table(Path directory, DirectoryReport report) {
        Table table = new Table()
                .add("directory", directory)
                .add("node", "%s, start %d".formatted(report.node(), report.epoch()))
                .add(
                        "segments",
                        "%d, %d without an index area, %d empty"
                                .formatted(report.segments(), report.scannedSegments(), report.emptySegments()))
                .add(
                        "damaged",
                        "%d, %d of them set aside now; %d files in quarantine"
                                .formatted(
                                        report.damagedSegments(), report.repairedSegments(), report.quarantinedFiles()))
                .add("records", "%d (%s)".formatted(report.records(), Words.size(report.bytes())));
        return verifyPayloads
                ? table.add("payloads", "%d bad, %d unread".formatted(report.badRecords(), report.unreadRecords()))
                : table.add("payloads", "not read; --verify-payloads does");
    }

    private Map<String, Object> json(Path directory, DirectoryReport report, Findings findings) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("directory", directory.toString());
        all.put("node", report.node());
        all.put("epoch", report.epoch());
        all.put("segments", report.segments());
        all.put("scanned_segments", report.scannedSegments());
        all.put("empty_segments", report.emptySegments());
        all.put("damaged_segments", report.damagedSegments());
        all.put("repaired_segments", report.repairedSegments());
        all.put("quarantined_files", report.quarantinedFiles());
        all.put("records", report.records());
        all.put("bytes", report.bytes());
        all.put("payloads_verified", verifyPayloads);
        all.put("bad_records", report.badRecords());
        all.put("unread_records", report.unreadRecords());
        all.put("findings", findings.list);
        return all;
    }

    /** Prints each finding at once, or keeps the first ones for the document. */
    private static final class Findings implements DirectoryCheck.Watcher {
        private static final int KEPT_MAX = 1000;

        private final @Nullable PrintWriter out;
        private final List<Object> list = new ArrayList<>();

        Findings(@Nullable PrintWriter out) {
            this.out = out;
        }

        @Override
        public void damaged(Path file, SegmentDamage damage, boolean repaired, String message) {
            found(
                    "%s  %s: %s%s".formatted(damage.label(), file, message, repaired ? "; set aside" : ""),
                    Json.object(
                            "file",
                            file.toString(),
                            "damage",
                            damage.label(),
                            "repaired",
                            repaired,
                            "message",
                            message));
        }

        @Override
        public void bad(BadRecord record) {
            String key = record.key() == null ? "" : record.key().toString();
            found(
                    "bad  %s  %s at %d, %d bytes: %s"
                            .formatted(
                                    key.isEmpty() ? "unknown key" : key,
                                    record.file(),
                                    record.offset(),
                                    record.length(),
                                    record.reason()),
                    Json.object(
                            "file",
                            record.file().toString(),
                            "key",
                            key,
                            "offset",
                            record.offset(),
                            "length",
                            record.length(),
                            "reason",
                            record.reason()));
        }

        private void found(String line, Map<String, Object> entry) {
            if (out != null) {
                out.println(line);
            } else if (list.size() < KEPT_MAX) {
                list.add(entry);
            }
        }
    }
}
