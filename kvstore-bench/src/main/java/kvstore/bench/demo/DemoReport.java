package kvstore.bench.demo;

import java.time.Duration;
import java.util.Map;
import kvstore.bench.Throughput;
import kvstore.client.cli.ExitCode;
import kvstore.client.cli.Json;
import kvstore.client.cli.Table;
import kvstore.client.cli.Words;

/**
 * All that the demo found out.
 *
 * @param first what the daemon that stored the prompt answered
 * @param again what its successor answered
 * @param ioPath the way of the daemon's bytes, {@code odirect} or {@code buffered}
 */
record DemoReport(
        Prompt prompt,
        Throughput store,
        Visit first,
        Visit again,
        Ceiling ceiling,
        String ioPath,
        String ioPathReason,
        String fileSystem) {

    /** OK only if every chunk was found and came back with every byte right, both times. */
    ExitCode verdict() {
        if (wrong() > 0) {
            return ExitCode.WRONG_DATA;
        }
        return isComplete(first) && isComplete(again) ? ExitCode.OK : ExitCode.NO;
    }

    private boolean isComplete(Visit visit) {
        return visit.lookup().found() == prompt.chunks() && visit.hits() == prompt.chunks();
    }

    /** For people. */
    String text() {
        String plain = "plain " + (ceiling.path().label().equals("odirect") ? "O_DIRECT" : "files");
        Table rates = new Table()
                .add("", "kvstore", plain, "ratio")
                .add("store", store, ceiling.write(), ratio(store, ceiling.write()))
                .add(
                        "load",
                        first.load().throughput(),
                        ceiling.read(),
                        ratio(first.load().throughput(), ceiling.read()))
                .add(
                        "load after a restart",
                        again.load().throughput(),
                        ceiling.read(),
                        ratio(again.load().throughput(), ceiling.read()));
        Table facts = new Table()
                .add(
                        "lookup",
                        "%s for all %d keys, %s after the restart (median)"
                                .formatted(
                                        millis(first.lookup().time()),
                                        prompt.chunks(),
                                        millis(again.lookup().time())))
                .add("hits", "%s, after the restart %s".formatted(hits(first), hits(again)))
                .add("bytes", bytes())
                .add("start", "%s, with a full store %s".formatted(seconds(first.start()), seconds(again.start())))
                .add("I/O path", "%s on %s (%s)".formatted(ioPath, fileSystem, ioPathReason));
        return "%,d tokens of %s: %d chunks of %s, %s%n%n%s%n%s"
                .formatted(
                        prompt.chunks() * prompt.shape().chunkTokens(),
                        prompt.shape().name(),
                        prompt.chunks(),
                        Words.size(prompt.shape().chunkBytes()),
                        Words.size(prompt.bytes()),
                        rates,
                        facts);
    }

    /** For programs; rates in 10<sup>9</sup> bytes a second. */
    Map<String, Object> json() {
        return Json.object(
                "ok", verdict() == ExitCode.OK,
                "model", prompt.shape().name(),
                "tokens", prompt.chunks() * prompt.shape().chunkTokens(),
                "chunks", prompt.chunks(),
                "chunk_bytes", prompt.shape().chunkBytes(),
                "bytes", prompt.bytes(),
                "store_gb_per_s", rate(store),
                "first", json(first),
                "after_restart", json(again),
                "ceiling_write_gb_per_s", rate(ceiling.write()),
                "ceiling_read_gb_per_s", rate(ceiling.read()),
                "ceiling_io_path", ceiling.path().label(),
                "io_path", ioPath,
                "io_path_reason", ioPathReason,
                "file_system", fileSystem);
    }

    private static Map<String, Object> json(Visit visit) {
        return Json.object(
                "start_millis", visit.start().toMillis(),
                "lookup_micros", visit.lookup().time().toNanos() / 1000,
                "found", visit.lookup().found(),
                "load_gb_per_s", rate(visit.load().throughput()),
                "hits", visit.hits(),
                "wrong", visit.wrong());
    }

    private String bytes() {
        if (wrong() > 0) {
            return "WRONG in %d chunks that came back".formatted(wrong());
        }
        return "every one that came back compared and right; the daemon verified each checksum";
    }

    private int wrong() {
        return first.wrong() + again.wrong();
    }

    private String hits(Visit visit) {
        return "%d of %d".formatted(visit.hits(), prompt.chunks());
    }

    private static String ratio(Throughput ours, Throughput theirs) {
        return ours.bytes() == 0 ? "-" : "%.2f".formatted(ours.gigabytesPerSecond() / theirs.gigabytesPerSecond());
    }

    private static double rate(Throughput throughput) {
        return Math.round(throughput.gigabytesPerSecond() * 1000) / 1000.0;
    }

    private static String millis(Duration time) {
        return "%.2f ms".formatted(time.toNanos() / 1e6);
    }

    private static String seconds(Duration time) {
        return "%.2f s".formatted(time.toMillis() / 1e3);
    }
}
