package kvstore.client.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kvstore.api.ChunkKey;
import kvstore.v1.ScrubResponse;
import kvstore.v1.ScrubbedRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "scrub",
        description = {
            "Read all that is stored and compare it with its checksums.",
            "What is bad is forgotten, as if a get had met it. Other reads go first. Ending the command ends the scrub.",
            "Exits with 5 if anything is bad, and with 4 if anything could not be read."
        })
final class ScrubCommand implements KvStoreCommand {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            converter = ByteRate.class,
            description = "Read no faster than this, such as 500MiB/s. Default: as fast as other reads leave room.")
    private long rate;

    @Option(names = "--report-only", description = "Forget nothing, only say what is bad.")
    private boolean reportOnly;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<Object> bad = new ArrayList<>();
        ScrubResponse last;
        try (Session session = connection.connect()) {
            long all = session.client().stat().getChunkBytes();
            Progress progress = Progress.onMinutes(spec.commandLine().getErr());
            try (Progress.Step step = progress.moving("scrubbing", all)) {
                long[] seen = new long[1];
                last = session.client().scrub(rate, reportOnly, answer -> {
                    step.advance(answer.getBytes() - seen[0]);
                    seen[0] = answer.getBytes();
                    if (answer.hasBad()) {
                        told(answer.getBad(), bad, out);
                    }
                });
            }
        }
        if (connection.json()) {
            out.println(Json.write(json(last, bad)));
        } else {
            out.print(table(last));
        }
        return result(last).code();
    }

    private static ExitCode result(ScrubResponse last) {
        if (!last.getComplete()) {
            throw new CommandFailure(ExitCode.UNREACHABLE, "the daemon stopped before the scrub had ended");
        }
        if (last.getBadRecords() > 0) {
            return ExitCode.WRONG_DATA;
        }
        return last.getUnreadRecords() + last.getUnreadSegments() > 0 ? ExitCode.FAILED : ExitCode.OK;
    }

    private void told(ScrubbedRecord record, List<Object> bad, PrintWriter out) {
        String key = record.getKey().isEmpty()
                ? ""
                : ChunkKey.of(record.getKey().toByteArray()).toString();
        if (connection.json()) {
            bad.add(Json.object(
                    "key",
                    key,
                    "file",
                    record.getSegmentFile(),
                    "offset",
                    record.getOffset(),
                    "length",
                    record.getLength(),
                    "reason",
                    record.getReason()));
        } else {
            out.println("bad  %s  %s at %d, %d bytes: %s"
                    .formatted(
                            key.isEmpty() ? "unknown key" : key,
                            record.getSegmentFile(),
                            record.getOffset(),
                            record.getLength(),
                            record.getReason()));
        }
    }

    private static Map<String, Object> json(ScrubResponse last, List<Object> bad) {
        Map<String, Object> json = new LinkedHashMap<>();
        ScrubResponse.getDescriptor().getFields().stream()
                .filter(field -> field.getNumber() != ScrubResponse.BAD_FIELD_NUMBER)
                .forEach(field -> json.put(field.getName(), last.getField(field)));
        json.put("bad", bad);
        return json;
    }

    private static Table table(ScrubResponse last) {
        return new Table()
                .add("segments", "%d of %d".formatted(last.getSegmentsDone(), last.getSegments()))
                .add("records", "%d (%s)".formatted(last.getRecords(), Words.size(last.getBytes())))
                .add("bad", last.getBadRecords())
                .add("unread", "%d records, %d segments".formatted(last.getUnreadRecords(), last.getUnreadSegments()));
    }
}
