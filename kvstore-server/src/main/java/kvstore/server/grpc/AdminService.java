package kvstore.server.grpc;

import com.google.protobuf.ByteString;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoFailure;
import kvstore.gds.ServedGpu;
import kvstore.lustre.DirectoryLayout;
import kvstore.server.clear.Clears;
import kvstore.server.io.FlowStats;
import kvstore.server.log.LogLevels;
import kvstore.server.metrics.DaemonCounters;
import kvstore.server.metrics.Direction;
import kvstore.server.scrub.Scrubs;
import kvstore.server.transfer.Drain;
import kvstore.server.transfer.Transfers;
import kvstore.store.DirectoryStats;
import kvstore.store.Explanation;
import kvstore.store.ListPage;
import kvstore.store.StoreStats;
import kvstore.v1.AdminGrpc;
import kvstore.v1.ClearRequest;
import kvstore.v1.ClearResponse;
import kvstore.v1.DirectoryStat;
import kvstore.v1.DrainRequest;
import kvstore.v1.DrainResponse;
import kvstore.v1.ExplainRequest;
import kvstore.v1.ExplainResponse;
import kvstore.v1.ListRequest;
import kvstore.v1.ListResponse;
import kvstore.v1.ListedChunk;
import kvstore.v1.LogLevelRequest;
import kvstore.v1.LogLevelResponse;
import kvstore.v1.LoggerLevel;
import kvstore.v1.ScrubRequest;
import kvstore.v1.ScrubResponse;
import kvstore.v1.StatRequest;
import kvstore.v1.StatResponse;

/** What an operator asks. */
final class AdminService extends AdminGrpc.AdminImplBase {
    private static final int PAGE_SIZE_MAX = 1000;

    private final Transfers transfers;
    private final NodeIdentity node;
    private final Scrubs scrubs;
    private final Clears clears;

    AdminService(Transfers transfers, NodeIdentity node, Upkeep upkeep) {
        this.transfers = transfers;
        this.node = node;
        this.scrubs = upkeep.scrubs();
        this.clears = upkeep.clears();
    }

    @Override
    public void stat(StatRequest request, StreamObserver<StatResponse> observer) {
        ControlService.answer(observer, () -> {
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
                    .setUptimeMillis(
                            Duration.between(node.started(), Instant.now()).toMillis())
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
                    .setGpuMemoryBytes(gpus.stream()
                            .mapToLong(ServedGpu::memoryBytes)
                            .max()
                            .orElse(0))
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
                    .setDiskOutstandingBytes(reads.outstandingBytes() + writes.outstandingBytes())
                    .setDiskOverdue(reads.overdue() + writes.overdue())
                    .build();
        });
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

    @Override
    public void explain(ExplainRequest request, StreamObserver<ExplainResponse> observer) {
        ControlService.answer(observer, () -> {
            Requests.checkKeys(List.of(request.getKey()), 1);
            Explanation explanation = transfers
                    .store()
                    .explain(Requests.keys(List.of(request.getKey())).get(0));
            return Explanations.wire(explanation);
        });
    }

    @Override
    public void scrub(ScrubRequest request, StreamObserver<ScrubResponse> observer) {
        ScrubCall call = new ScrubCall(scrubs, request, (ServerCallStreamObserver<ScrubResponse>) observer);
        Thread.ofVirtual().name("kvstore-scrub-call").start(call::run);
    }

    @Override
    public void clear(ClearRequest request, StreamObserver<ClearResponse> observer) {
        ClearCall call = new ClearCall(clears, request, (ServerCallStreamObserver<ClearResponse>) observer);
        Thread.ofVirtual().name("kvstore-clear-call").start(call::run);
    }

    @Override
    public void drain(DrainRequest request, StreamObserver<DrainResponse> observer) {
        ControlService.answer(observer, () -> {
            Drain drain = transfers.drain();
            if (request.getUndo()) {
                drain.end();
            } else {
                drain.begin();
            }
            Optional<Instant> since = drain.since();
            return DrainResponse.newBuilder()
                    .setDraining(since.isPresent())
                    .setSinceMillis(since.map(Instant::toEpochMilli).orElse(0L))
                    .setPuts(transfers.metrics().underWay(Direction.PUT))
                    .setGets(transfers.metrics().underWay(Direction.GET))
                    .build();
        });
    }

    @Override
    public void logLevel(LogLevelRequest request, StreamObserver<LogLevelResponse> observer) {
        ControlService.answer(observer, () -> {
            if (!request.getLevel().isEmpty()) {
                try {
                    LogLevels.set(request.getLevel(), request.getLogger());
                } catch (IllegalArgumentException e) {
                    throw Requests.invalid(String.valueOf(e.getMessage()));
                }
            }
            LogLevelResponse.Builder response = LogLevelResponse.newBuilder();
            LogLevels.all()
                    .forEach((logger, level) -> response.addLoggers(
                            LoggerLevel.newBuilder().setLogger(logger).setLevel(level)));
            return response.build();
        });
    }

    @Override
    public void list(ListRequest request, StreamObserver<ListResponse> observer) {
        ControlService.answer(observer, () -> {
            int pageSize = request.getPageSize() == 0 ? PAGE_SIZE_MAX : request.getPageSize();
            if (pageSize < 0 || pageSize > PAGE_SIZE_MAX) {
                throw Requests.invalid("page_size is " + Integer.toUnsignedString(pageSize) + "; 0 to " + PAGE_SIZE_MAX
                        + " are allowed");
            }
            ListPage page;
            try {
                page = transfers
                        .store()
                        .list(
                                pageSize,
                                request.getPageToken(),
                                request.getKeyPrefix().toByteArray());
            } catch (IllegalArgumentException e) {
                throw Requests.invalid("page_token: " + e.getMessage());
            }
            ListResponse.Builder response = ListResponse.newBuilder()
                    .setNextPageToken(page.nextPageToken())
                    .setUnreadableSegments(page.unreadableSegments());
            for (ListPage.ListedChunk chunk : page.chunks()) {
                response.addChunks(ListedChunk.newBuilder()
                        .setKey(ByteString.copyFrom(chunk.key().bytes()))
                        .setLength(chunk.length())
                        .setNamespace(chunk.key().namespace())
                        .setSegment(chunk.segment()));
            }
            return response.build();
        });
    }
}
