package kvstore.server.view;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import kvstore.api.IoPath;
import kvstore.lustre.DirectoryLayout;
import kvstore.server.io.GuardedEngine;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.transfer.Transfers;
import kvstore.store.CapacityState;
import kvstore.store.DirectoryStats;
import kvstore.store.StoreStats;
import kvstore.v1.Alert;

/** What is wrong now, in sentences. What needs no one to act is none. */
final class Alerts {
    private static final Duration LATELY = Duration.ofMinutes(5);

    private final List<Alert> critical = new ArrayList<>();
    private final List<Alert> warnings = new ArrayList<>();

    private Alerts() {}

    static List<Alert> of(Transfers transfers, NodeIdentity node, History history, long badRecords) {
        Alerts alerts = new Alerts();
        alerts.drain(transfers.drain().since());
        alerts.disk(node.engine());
        StoreStats store = transfers.store().stats();
        alerts.capacity(store);
        alerts.directories(store.directories());
        alerts.integrity(transfers.metrics(), store, badRecords);
        alerts.refusals(history.refusals(LATELY));
        alerts.path(node);
        List<Alert> all = new ArrayList<>(alerts.critical);
        all.addAll(alerts.warnings);
        return all;
    }

    private void drain(Optional<Instant> since) {
        since.ifPresent(begin -> warn(
                "This daemon drains since " + begin + ": it stores nothing and looks not ready.",
                "`kvstore drain --undo` brings it back."));
    }

    private void disk(GuardedEngine disk) {
        disk.trouble()
                .ifPresent(trouble -> critical(
                        "The disk is left alone: " + trouble + ".", "It is asked again by itself; look at the mount."));
        int overdue = disk.reads().overdue() + disk.writes().overdue();
        if (overdue > 0) {
            critical(
                    overdue + " operations of the disk have not come back for longer than io.operation-timeout.",
                    "A server of the file system may hang.");
        }
    }

    private void capacity(StoreStats store) {
        if (store.capacity().state() == CapacityState.FULL) {
            critical(
                    "The file system refused to store more, and puts are refused.",
                    "Somebody else fills the disk: free space there, or lower data.capacity.");
        } else if (store.capacity().state() == CapacityState.SHRINKING) {
            warn(
                    "The file system has less free than capacity.free-space-floor, so chunks are evicted for others.",
                    "Somebody else fills the disk: free space there, or lower data.capacity.");
        }
    }

    private void directories(List<DirectoryStats> directories) {
        directories.stream()
                .filter(each -> !each.awayReason().isEmpty())
                .forEach(each -> critical(
                        "The directory " + each.path() + " is set aside with its chunks: " + each.awayReason() + ".",
                        "It comes back by itself when it answers."));
    }

    private void integrity(DaemonMetrics metrics, StoreStats store, long badRecords) {
        long corrupt = Math.max(metrics.counters().corruptRecords(), badRecords);
        if (corrupt > 0) {
            critical(
                    corrupt + " records on disk were not what had been put, since the start. Each became a miss.",
                    "The log names file and block; suspect the disk or its controller.");
        }
        if (store.unreadSegments() > 0) {
            warn(
                    store.unreadSegments() + " segment files could not be read and were left alone.",
                    "The next start tries again; look at the disk.");
        }
        if (store.quarantinedFiles() > 0) {
            warn(
                    store.quarantinedFiles() + " damaged segment files are set aside.",
                    "Look into them and delete them: docs/how-to/recover.md.");
        }
        if (metrics.hashesThatDiffer() > 0) {
            warn(
                    metrics.hashesThatDiffer()
                            + " clients connected, since the start, whose prefix hashes differ from this daemon's.",
                    "What they store is found by no other: `kvstore doctor` names the cure.");
        }
    }

    private void refusals(Map<String, Long> byReason) {
        if (!byReason.isEmpty()) {
            StringBuilder reasons = new StringBuilder();
            new TreeMap<>(byReason)
                    .forEach((reason, count) -> reasons.append(reasons.isEmpty() ? "" : ", ")
                            .append(count)
                            .append(' ')
                            .append(reason));
            warn(
                    "Puts were refused in the last 5 minutes: " + reasons + ".",
                    "docs/reference/grpc.md says what each reason asks for.");
        }
    }

    private void path(NodeIdentity node) {
        if (node.engine().path() != IoPath.ODIRECT) {
            warn(
                    "Payload goes through the page cache: " + node.engine().reason() + ".",
                    "`kvstore verify-mount` says what the mount can do.");
        }
        DirectoryLayout.Result layout = node.layout().get();
        if (layout.outcome() == DirectoryLayout.Outcome.FAILED) {
            warn("The stripe layout could not be set: " + layout.reason() + ".", "See lustre.* in the configuration.");
        }
    }

    private void critical(String what, String cure) {
        critical.add(alert("critical", what, cure));
    }

    private void warn(String what, String cure) {
        warnings.add(alert("warning", what, cure));
    }

    private static Alert alert(String severity, String what, String cure) {
        return Alert.newBuilder()
                .setSeverity(severity)
                .setWhat(what)
                .setCure(cure)
                .build();
    }
}
