package kvstore.server.monitoring;

import java.util.List;
import java.util.Map;

/** The panels of the dashboard, row by row. {@code NODE} in an expression is the selection of nodes. */
final class DashboardPanels {
    private static final String BYTES = "bytes";
    private static final String BYTES_PER_SECOND = "Bps";
    private static final String PER_SECOND = "ops";
    private static final String SECONDS = "s";
    private static final String RATIO = "percentunit";
    private static final String COUNT = "short";

    static final List<Row> ROWS = List.of(
            new Row(
                    "Overview",
                    stat("Ready", "1 while puts and gets are served.", "none", "{{instance}}", "kvstore_ready{NODE}"),
                    stat(
                            "Starts in a day",
                            "Each is a restart, wanted or not.",
                            "none",
                            "{{instance}}",
                            "resets(kvstore_uptime_seconds{NODE}[1d])"),
                    stat(
                            "Wrong bytes found",
                            "Records that were not what had been put, since the start. Anything but 0: KvstoreWrongBytes.",
                            "none",
                            "{{instance}}",
                            "kvstore_store_corrupt_records_total{NODE}"),
                    stat(
                            "Capacity in use",
                            "Near 100 % is usual: a cache fills up.",
                            RATIO,
                            "{{instance}}",
                            "kvstore_store_used_bytes{NODE} / kvstore_store_capacity_bytes{NODE}"),
                    stat("Draining", "1 after kvstore drain.", "none", "{{instance}}", "kvstore_draining{NODE}"),
                    stat(
                            "Certificate ends in",
                            "Empty without TLS.",
                            SECONDS,
                            "{{instance}}",
                            "kvstore_tls_certificate_expiry_timestamp_seconds{NODE} - time()"),
                    graph(
                            "Payload",
                            "What engines load and store.",
                            BYTES_PER_SECOND,
                            query(
                                    "load {{instance}}",
                                    "sum by (instance) (RATE(kvstore_get_bytes_total{NODE,status=\"hit\"}))"),
                            query(
                                    "store {{instance}}",
                                    "sum by (instance) (RATE(kvstore_put_bytes_total{NODE,status=\"stored\"}))")),
                    graph(
                            "Hit ratio of lookups",
                            "Of the keys asked for: what an engine can use (leading), and what is here.",
                            RATIO,
                            query(
                                    "leading {{instance}}",
                                    "RATE(kvstore_lookup_leading_keys_total{NODE}) / RATE(kvstore_lookup_keys_total{NODE})"),
                            query(
                                    "found {{instance}}",
                                    "RATE(kvstore_lookup_found_keys_total{NODE}) / RATE(kvstore_lookup_keys_total{NODE})")),
                    graph(
                            "Gets by outcome",
                            "Misses by their reason; kvstore explain tells of one key.",
                            PER_SECOND,
                            query(
                                    "{{status}} {{reason}}",
                                    "sum by (status, reason) (RATE(kvstore_get_chunks_total{NODE}))")),
                    graph(
                            "Puts by outcome",
                            "What is shed is computed again later.",
                            PER_SECOND,
                            query(
                                    "{{status}} {{reason}}",
                                    "sum by (status, reason) (RATE(kvstore_put_chunks_total{NODE}))"))),
            new Row(
                    "Calls",
                    graph(
                            "99th percentile of calls",
                            "A call of Put, Get, StoreFrom or LoadInto carries many chunks.",
                            SECONDS,
                            query("{{rpc}}", quantile("0.99", "rpc", "kvstore_rpc_seconds"))),
                    graph(
                            "Median of calls",
                            "",
                            SECONDS,
                            query("{{rpc}}", quantile("0.5", "rpc", "kvstore_rpc_seconds"))),
                    graph(
                            "Calls that ended",
                            "By gRPC's status code.",
                            PER_SECOND,
                            query("{{rpc}} {{code}}", "sum by (rpc, code) (RATE(kvstore_rpc_total{NODE}))")),
                    graph(
                            "99th percentile of commands",
                            "RESP and lm doors.",
                            SECONDS,
                            query("RESP {{command}}", quantile("0.99", "command", "kvstore_resp_command_seconds")),
                            query("lm {{command}}", quantile("0.99", "command", "kvstore_lm_command_seconds"))),
                    graph(
                            "Commands",
                            "RESP and lm doors, by outcome.",
                            PER_SECOND,
                            query(
                                    "RESP {{command}} {{outcome}}",
                                    "sum by (command, outcome) (RATE(kvstore_resp_commands_total{NODE}))"),
                            query(
                                    "lm {{command}} {{outcome}}",
                                    "sum by (command, outcome) (RATE(kvstore_lm_commands_total{NODE}))")),
                    graph(
                            "Connections",
                            "Clients of the RESP and lm doors, and those that were refused or hung, a second.",
                            COUNT,
                            query("RESP {{instance}}", "kvstore_resp_connections{NODE}"),
                            query("lm {{instance}}", "kvstore_lm_connections{NODE}"),
                            query("RESP refused", "RATE(kvstore_resp_refused_connections_total{NODE})"),
                            query("lm refused", "RATE(kvstore_lm_refused_connections_total{NODE})"),
                            query("RESP stalled", "RATE(kvstore_resp_stalled_connections_total{NODE})"),
                            query("lm stalled", "RATE(kvstore_lm_stalled_connections_total{NODE})")),
                    graph(
                            "Prefix matches",
                            "Of the chunks that routers asked for, what was here; and clients that hash otherwise.",
                            PER_SECOND,
                            query("asked", "sum(RATE(kvstore_prefix_chunks_total{NODE}))"),
                            query("matched", "sum(RATE(kvstore_prefix_matched_chunks_total{NODE}))"),
                            query("hashes {{result}}", "sum by (result) (RATE(kvstore_hash_checks_total{NODE}))"))),
            new Row(
                    "Where the time goes",
                    graph(
                            "Of a get, on average",
                            "Total for one chunk; of it, the wait for memory; and for one piece of it the line before the disk "
                                    + "and the disk itself. What remains is checksums and the network.",
                            SECONDS,
                            query("total", mean("kvstore_get_seconds", "NODE,status=\"hit\"")),
                            query("wait for memory", mean("kvstore_memory_wait_seconds", "NODE,direction=\"get\"")),
                            query("in line", perOperation("kvstore_io_queued_seconds_total", "read")),
                            query("disk", perOperation("kvstore_io_run_seconds_total", "read"))),
                    graph(
                            "Of a put, on average",
                            "As for a get; the total has the arrival of the payload in it.",
                            SECONDS,
                            query("total", mean("kvstore_put_seconds", "NODE,status=\"stored\"")),
                            query("wait for memory", mean("kvstore_memory_wait_seconds", "NODE,direction=\"put\"")),
                            query("in line", perOperation("kvstore_io_queued_seconds_total", "write")),
                            query("disk", perOperation("kvstore_io_run_seconds_total", "write"))),
                    heatmap(
                            "Chunks of gets by time",
                            "Hits, until their last byte was handed to the network.",
                            "sum by (le) (increase(kvstore_get_seconds_bucket{NODE,status=\"hit\"}[$__rate_interval]))"),
                    graph(
                            "99th percentile of chunks",
                            "One chunk of a get that hit, and of a put that was stored; and what the store takes for a lookup.",
                            SECONDS,
                            query("get {{status}}", quantile("0.99", "status", "kvstore_get_seconds")),
                            query("put {{status}}", quantile("0.99", "status", "kvstore_put_seconds")),
                            query("lookup", quantile("0.99", "instance", "kvstore_lookup_seconds")))),
            new Row(
                    "Store and eviction",
                    graph(
                            "Bytes on disk",
                            "Used never exceeds the capacity.",
                            BYTES,
                            query("used {{instance}}", "kvstore_store_used_bytes{NODE}"),
                            query("capacity {{instance}}", "kvstore_store_capacity_bytes{NODE}"),
                            query("chunks {{instance}}", "kvstore_store_chunk_bytes{NODE}"),
                            query("leased {{instance}}", "kvstore_store_leased_bytes{NODE}"),
                            query("reserved {{instance}}", "kvstore_store_reserved_bytes{NODE}")),
                    graph(
                            "Free space of the file system",
                            "Below the floor, the cache shrinks.",
                            BYTES,
                            query("available {{instance}}", "kvstore_store_file_system_available_bytes{NODE}"),
                            query("floor {{instance}}", "kvstore_store_free_space_floor_bytes{NODE}")),
                    graph(
                            "Age at eviction",
                            "How old what goes was. Shorter than the time after which prefixes come back: the cache is too small.",
                            SECONDS,
                            query("median", quantile("0.5", "instance", "kvstore_store_eviction_age_seconds")),
                            query("mean", mean("kvstore_store_eviction_age_seconds", "NODE"))),
                    graph(
                            "Evictions",
                            "Segments, by why room was made.",
                            PER_SECOND,
                            query("{{trigger}}", "sum by (trigger) (RATE(kvstore_store_evictions_total{NODE}))")),
                    graph(
                            "Bytes evicted and kept",
                            "What went, by reason, and what was read and written again.",
                            BYTES_PER_SECOND,
                            query(
                                    "evicted {{reason}}",
                                    "sum by (reason) (RATE(kvstore_store_evicted_bytes_total{NODE}))"),
                            query("reinserted", "sum(RATE(kvstore_store_reinserted_bytes_total{NODE}))")),
                    graph(
                            "Chunks that were read and went all the same",
                            "By why they were not kept.",
                            PER_SECOND,
                            query(
                                    "{{reason}}",
                                    "sum by (reason) (RATE(kvstore_store_reinsertion_refused_chunks_total{NODE}))")),
                    graph(
                            "Chunks, leases, reservations",
                            "",
                            COUNT,
                            query("chunks {{instance}}", "kvstore_store_chunks{NODE}"),
                            query("leases {{instance}}", "kvstore_store_leases{NODE}"),
                            query("puts with a place {{instance}}", "kvstore_store_reservations{NODE}"),
                            query("remembered misses {{instance}}", "kvstore_store_ghosts{NODE}")),
                    graph(
                            "Segments",
                            "unread and quarantined ones should not be: KvstoreSegmentsSetAside.",
                            COUNT,
                            query("{{state}} {{instance}}", "kvstore_store_segments{NODE}")),
                    graph(
                            "Directories",
                            "Bytes in each; away is 1 for one that is set aside.",
                            BYTES,
                            query("{{directory}} {{instance}}", "kvstore_store_directory_used_bytes{NODE}"),
                            query("away {{directory}} {{instance}}", "kvstore_store_directory_away{NODE}"))),
            new Row(
                    "I/O path and errors",
                    graph(
                            "Disk",
                            "Bytes moved, by path, and what the disk reached while it was busy.",
                            BYTES_PER_SECOND,
                            query(
                                    "{{direction}} {{path}}",
                                    "sum by (direction, path) (RATE(kvstore_io_bytes_total{NODE}))"),
                            query(
                                    "{{direction}} while busy",
                                    "sum by (direction) (kvstore_io_busy_bytes_per_second{NODE})")),
                    graph(
                            "Path in use",
                            "1 for the way that payload takes.",
                            "none",
                            query("disk {{path}}", "sum by (path) (kvstore_io_path{NODE})"),
                            query("gpu {{path}}", "sum by (path) (kvstore_gpu_path{NODE})")),
                    graph(
                            "Operations under way",
                            "In the file system, in line, and overdue.",
                            COUNT,
                            query("running {{direction}}", "sum by (direction) (kvstore_io_running{NODE})"),
                            query("in line {{direction}}", "sum by (direction) (kvstore_io_queued{NODE})"),
                            query("overdue {{direction}}", "sum by (direction) (kvstore_io_overdue{NODE})")),
                    graph(
                            "Failures",
                            "Reads and writes of chunks by kind, other operations of the store, retries, files opened again, refused by an open breaker.",
                            PER_SECOND,
                            query(
                                    "{{direction}} {{kind}}",
                                    "sum by (direction, kind) (RATE(kvstore_io_failures_total{NODE}))"),
                            query(
                                    "store {{operation}} {{kind}}",
                                    "sum by (operation, kind) (RATE(kvstore_store_io_failures_total{NODE}))"),
                            query("retried {{direction}}", "sum by (direction) (RATE(kvstore_io_retries_total{NODE}))"),
                            query(
                                    "reopened {{direction}}",
                                    "sum by (direction) (RATE(kvstore_io_reopens_total{NODE}))"),
                            query(
                                    "refused {{direction}}",
                                    "sum by (direction) (RATE(kvstore_io_refused_total{NODE}))")),
                    graph(
                            "Breakers",
                            "1 while the disk, or cuFile, is left alone.",
                            "none",
                            query("{{direction}} {{instance}}", "kvstore_io_breaker_open{NODE}"),
                            query("cuFile {{instance}}", "kvstore_gpu_breaker_open{NODE}")),
                    graph(
                            "GPU memory",
                            "Bytes by path, and requests that cuFile refused.",
                            BYTES_PER_SECOND,
                            query(
                                    "{{direction}} {{path}}",
                                    "sum by (direction, path) (RATE(kvstore_gpu_bytes_total{NODE}))"),
                            query(
                                    "fallbacks a second, {{direction}}",
                                    "sum by (direction) (RATE(kvstore_gpu_fallbacks_total{NODE}))")),
                    graph(
                            "Payload of local clients",
                            "Between regions and the disk: in place, or copied through the daemon's memory.",
                            BYTES_PER_SECOND,
                            query(
                                    "{{direction}} {{way}}",
                                    "sum by (direction, way) (RATE(kvstore_region_bytes_total{NODE}))"),
                            query("reads shared", "sum(RATE(kvstore_shared_read_bytes_total{NODE}))")),
                    graph(
                            "Scrub",
                            "Bytes read, and records that were bad or could not be read.",
                            BYTES_PER_SECOND,
                            query("read", "sum(RATE(kvstore_scrub_bytes_total{NODE}))"),
                            query(
                                    "{{result}} records a second",
                                    "sum by (result) (RATE(kvstore_scrub_records_total{NODE}))"))),
            new Row(
                    "Memory budgets",
                    graph(
                            "Memory for payload",
                            "Full for long: puts are shed and gets wait.",
                            BYTES,
                            query("used {{instance}}", "kvstore_memory_used_bytes{NODE}"),
                            query("size {{instance}}", "kvstore_memory_size_bytes{NODE}")),
                    graph(
                            "Waits for memory",
                            "99th percentile, by outcome.",
                            SECONDS,
                            query(
                                    "{{direction}} {{outcome}}",
                                    quantile("0.99", "direction, outcome", "kvstore_memory_wait_seconds"))),
                    graph(
                            "Who waits, what is under way",
                            "",
                            COUNT,
                            query("waiting {{instance}}", "kvstore_memory_waiters{NODE}"),
                            query("{{direction}} {{instance}}", "kvstore_in_flight_transfers{NODE}"),
                            query("regions {{kind}}", "sum by (kind) (kvstore_regions{NODE})")),
                    graph(
                            "Bytes asked of the disk",
                            "Beyond io.read-budget and io.write-budget they wait in line.",
                            BYTES,
                            query("{{direction}}", "sum by (direction) (kvstore_io_outstanding_bytes{NODE})")),
                    graph(
                            "Memory of clients and GPUs",
                            "Regions that clients share, and what the daemon took for each GPU.",
                            BYTES,
                            query("regions {{kind}}", "sum by (kind) (kvstore_region_size_bytes{NODE})"),
                            query("{{gpu}} {{where}}", "sum by (gpu, where) (kvstore_gpu_memory_bytes{NODE})"))),
            new Row(
                    "JVM",
                    graph(
                            "Heap and other memory",
                            "No payload is on the heap.",
                            BYTES,
                            query("{{area}} {{instance}}", "sum by (area, instance) (jvm_memory_used_bytes{NODE})"),
                            query("direct {{instance}}", "sum by (instance) (jvm_buffer_memory_used_bytes{NODE})"),
                            query("index {{instance}}", "kvstore_store_index_bytes{NODE}")),
                    graph(
                            "Pauses of the collector",
                            "Time in pauses per second, and the longest of the last minutes.",
                            SECONDS,
                            query("share {{instance}}", "sum by (instance) (RATE(jvm_gc_pause_seconds_sum{NODE}))"),
                            query("longest {{instance}}", "max by (instance) (jvm_gc_pause_seconds_max{NODE})")),
                    graph(
                            "Processor",
                            "Of all cores: this process, and everything.",
                            RATIO,
                            query("kvstore {{instance}}", "process_cpu_usage{NODE}"),
                            query("machine {{instance}}", "system_cpu_usage{NODE}")),
                    graph(
                            "Threads and files",
                            "",
                            COUNT,
                            query("threads {{instance}}", "jvm_threads_live_threads{NODE}"),
                            query("open files {{instance}}", "process_files_open_files{NODE}"))));

    private DashboardPanels() {}

    /** What Grafana draws. */
    enum Kind {
        STAT("stat", 4),
        GRAPH("timeseries", 2),
        HEATMAP("heatmap", 2);

        private final String grafanaType;
        private final int perLine;

        Kind(String grafanaType, int perLine) {
            this.grafanaType = grafanaType;
            this.perLine = perLine;
        }

        String grafanaType() {
            return grafanaType;
        }

        int perLine() {
            return perLine;
        }

        Map<String, ?> options() {
            return switch (this) {
                case STAT -> Map.of("reduceOptions", Map.of("calcs", List.of("lastNotNull")));
                case GRAPH -> Map.of("tooltip", Map.of("mode", "multi"));
                case HEATMAP -> Map.of("calculate", false);
            };
        }
    }

    /** Panels under a heading. */
    record Row(String title, List<Panel> panels) {
        Row(String title, Panel... panels) {
            this(title, List.of(panels));
        }
    }

    /**
     * One panel.
     *
     * @param unit as Grafana names it
     */
    record Panel(Kind kind, String title, String description, String unit, List<Query> queries) {}

    /** One expression, and how its series are named. */
    record Query(String legend, String expression) {}

    private static Panel stat(String title, String description, String unit, String legend, String expression) {
        return new Panel(Kind.STAT, title, description, unit, List.of(query(legend, expression)));
    }

    private static Panel graph(String title, String description, String unit, Query... queries) {
        return new Panel(Kind.GRAPH, title, description, unit, List.of(queries));
    }

    private static Panel heatmap(String title, String description, String expression) {
        return new Panel(Kind.HEATMAP, title, description, SECONDS, List.of(query("{{le}}", expression)));
    }

    private static Query query(String legend, String expression) {
        return new Query(
                legend,
                expression
                        .replaceAll("RATE\\(([^()]*)\\)", "rate($1[\\$__rate_interval])")
                        .replace("NODE", "instance=~\"$node\""));
    }

    private static String quantile(String quantile, String by, String histogram) {
        return "histogram_quantile(%s, sum by (%s, le) (RATE(%s_bucket{NODE})))".formatted(quantile, by, histogram);
    }

    private static String mean(String histogram, String labels) {
        return "sum(RATE(%1$s_sum{%2$s})) / sum(RATE(%1$s_count{%2$s}))".formatted(histogram, labels);
    }

    private static String perOperation(String total, String direction) {
        return "sum(RATE(%1$s{NODE,direction=\"%2$s\"})) / sum(RATE(kvstore_io_operations_total{NODE,direction=\"%2$s\"}))"
                .formatted(total, direction);
    }
}
