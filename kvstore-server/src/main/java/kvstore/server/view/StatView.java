package kvstore.server.view;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoFailure;
import kvstore.gds.ServedGpu;
import kvstore.lustre.DirectoryLayout;
import kvstore.server.identity.Tenant;
import kvstore.server.identity.TenantLimits;
import kvstore.server.io.FlowStats;
import kvstore.server.metrics.DaemonCounters;
import kvstore.server.scrub.Scrubs;
import kvstore.server.transfer.Transfers;
import kvstore.store.DirectoryStats;
import kvstore.store.StoreStats;
import kvstore.v1.DirectoryStat;
import kvstore.v1.StatResponse;
import kvstore.v1.TenantStat;

/** One look at the daemon. */
final class StatView {
    private final Transfers transfers;
    private final NodeIdentity node;
    private final Scrubs scrubs;
    private final History history;

    StatView(Transfers transfers, NodeIdentity node, Scrubs scrubs, History history) {
        this.transfers = transfers;
        this.node = node;
        this.scrubs = scrubs;
        this.history = history;
    }

    /** Blocks for as long as the file system takes to say how full it is. */
    StatResponse look() {
        StoreStats store = transfers.store().stats();
        FileSystemFacts fileSystem = fileSystem();
        List<ServedGpu> gpus = node.gpus().gpus();
        FlowStats reads = node.engine().reads();
        FlowStats writes = node.engine().writes();
        DirectoryLayout.Result layout = node.layout().get();
        DaemonCounters counters = transfers.metrics().counters();
        return StatResponse.newBuilder()
                .setServerVersion(node.version())
                .setNode(node.pool().node())
                .setPool(node.pool().pool().toString())
                .setEpoch(node.pool().epoch())
                .setUptimeMillis(Duration.between(node.started(), Instant.now()).toMillis())
                .setDirectory(node.directory())
                .setFileSystem(fileSystem.type())
                .setIoPath(node.engine().path().label())
                .setIoPathReason(node.engine().reason())
                .setStripeLayout(layout.outcome().label())
                .setStripeLayoutReason(layout.reason())
                .setCapacityBytes(store.capacityBytes())
                .setUsedBytes(store.usedBytes())
                .setFileSystemAvailableBytes(fileSystem.availableBytes())
                .addAllDirectories(
                        store.directories().stream().map(this::directory).toList())
                .setCapacityState(store.capacity().state().label())
                .setEvictionPolicy(transfers.store().eviction().policy().label())
                .setReservedBytes(store.capacity().reservedBytes())
                .setFreeSpaceFloorBytes(store.capacity().floorBytes())
                .setChunks(store.chunks())
                .setChunkBytes(store.chunkBytes())
                .setSegments(store.segments())
                .setSegmentBytes(store.segmentBytes())
                .setMemoryBytes(transfers.slabs().totalBytes())
                .setMemoryUsedBytes(transfers.slabs().usedBytes())
                .setStoredChunks(counters.storedChunks())
                .setGetHits(counters.getHits())
                .setGetMisses(counters.getMisses())
                .setEvictedChunks(counters.evictedChunks())
                .setCorruptRecords(counters.corruptRecords())
                .setReady(node.ready().getAsBoolean())
                .setGpuPath(node.gpus().path())
                .setGpuPathReason(node.gpus().reason())
                .setGpus(gpus.size())
                .setGpuMemoryBytes(
                        gpus.stream().mapToLong(ServedGpu::memoryBytes).max().orElse(0))
                .setGpuHostMemoryBytes(gpus.stream()
                        .mapToLong(ServedGpu::hostMemoryBytes)
                        .max()
                        .orElse(0))
                .setScrubRunning(scrubs.backgroundRuns())
                .setScrubSegmentsDone(scrubs.background().segmentsDone())
                .setScrubSegments(scrubs.background().segments())
                .setScrubBadRecords(scrubs.badRecords())
                .setScrubCompletedMillis(scrubs.completedMillis())
                .setDrainingSinceMillis(
                        transfers.drain().since().map(Instant::toEpochMilli).orElse(0L))
                .setDiskTrouble(node.engine().trouble().orElse(""))
                .setReadBytesPerSecond(reads.bytesPerSecond())
                .setWriteBytesPerSecond(writes.bytesPerSecond())
                .addAllTenants(
                        transfers.tenants().all().stream().map(this::tenant).toList())
                .setDiskOutstandingBytes(reads.outstandingBytes() + writes.outstandingBytes())
                .setDiskOverdue(reads.overdue() + writes.overdue())
                .addAllAlerts(Alerts.of(transfers, node, history, scrubs.badRecords()))
                .build();
    }

    private TenantStat tenant(Tenant each) {
        TenantLimits limits = each.limits();
        return TenantStat.newBuilder()
                .setName(each.name())
                .setUsedBytes(transfers.store().ownedBytes(each.namespace()))
                .setQuotaBytes(limited(limits.quotaBytes()))
                .setInFlightBytes(each.inFlightBytes())
                .setInFlightLimitBytes(limited(limits.inFlightBytes()))
                .setShedPuts(each.shedPuts())
                .setRefusedGets(each.refusedGets())
                .build();
    }

    private static long limited(long bytes) {
        return bytes == TenantLimits.UNLIMITED ? 0 : bytes;
    }

    private DirectoryStat directory(DirectoryStats each) {
        boolean here = each.awayReason().isEmpty();
        return DirectoryStat.newBuilder()
                .setPath(each.path().toString())
                .setAwayReason(each.awayReason())
                .setCapacityBytes(each.capacity().limitBytes())
                .setUsedBytes(each.capacity().usedBytes())
                .setCapacityState(each.capacity().state().label())
                .setSegments(each.segments())
                .setFileSystemAvailableBytes(here ? facts(each.path()).availableBytes() : 0)
                .build();
    }

    private FileSystemFacts fileSystem() {
        return facts(Path.of(node.directory()));
    }

    private FileSystemFacts facts(Path directory) {
        try {
            return node.engine().facts(directory);
        } catch (IoFailure e) {
            return new FileSystemFacts("unknown: " + e.getMessage(), 0, 0);
        }
    }
}
