package kvstore.server.grpc;

import com.google.protobuf.ByteString;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import kvstore.server.clear.Clears;
import kvstore.server.identity.Tenant;
import kvstore.server.identity.Tenants;
import kvstore.server.log.LogLevels;
import kvstore.server.metrics.Direction;
import kvstore.server.scrub.Scrubs;
import kvstore.server.transfer.Drain;
import kvstore.server.transfer.Transfers;
import kvstore.server.view.DaemonView;
import kvstore.store.ListPage;
import kvstore.v1.AdminGrpc;
import kvstore.v1.ClearRequest;
import kvstore.v1.ClearResponse;
import kvstore.v1.ContentsRequest;
import kvstore.v1.ContentsResponse;
import kvstore.v1.DiagnoseRequest;
import kvstore.v1.DiagnoseResponse;
import kvstore.v1.DrainRequest;
import kvstore.v1.DrainResponse;
import kvstore.v1.ExplainRequest;
import kvstore.v1.ExplainResponse;
import kvstore.v1.HistoryRequest;
import kvstore.v1.HistoryResponse;
import kvstore.v1.ListRequest;
import kvstore.v1.ListResponse;
import kvstore.v1.ListedChunk;
import kvstore.v1.LogLevelRequest;
import kvstore.v1.LogLevelResponse;
import kvstore.v1.LoggerLevel;
import kvstore.v1.ScrubRequest;
import kvstore.v1.ScrubResponse;
import kvstore.v1.SegmentsRequest;
import kvstore.v1.SegmentsResponse;
import kvstore.v1.StatRequest;
import kvstore.v1.StatResponse;

/** What an operator asks. */
final class AdminService extends AdminGrpc.AdminImplBase {
    private static final int PAGE_SIZE_MAX = 1000;
    private static final int SEGMENT_GROUPS = 100;
    private static final int SEGMENT_GROUPS_MAX = 1000;

    private final Transfers transfers;
    private final Tenants tenants;
    private final DaemonView view;
    private final Scrubs scrubs;
    private final Clears clears;

    AdminService(Transfers transfers, Tenants tenants, Operations operations) {
        this.transfers = transfers;
        this.tenants = tenants;
        this.view = operations.view();
        this.scrubs = operations.scrubs();
        this.clears = operations.clears();
    }

    @Override
    public void stat(StatRequest request, StreamObserver<StatResponse> observer) {
        ControlService.answer(observer, view::stat);
    }

    @Override
    public void explain(ExplainRequest request, StreamObserver<ExplainResponse> observer) {
        ControlService.answer(observer, () -> {
            Requests.checkKeys(List.of(request.getKey()), 1);
            return view.explain(Requests.keys(tenant(request.getTenant()), List.of(request.getKey()))
                    .getFirst());
        });
    }

    /** An admin may ask about keys of others. */
    private Tenant tenant(String name) {
        return name.isEmpty()
                ? CallerGate.tenant()
                : tenants.named(name).orElseThrow(() -> Requests.invalid("tenant is not in tenants.file"));
    }

    @Override
    public void history(HistoryRequest request, StreamObserver<HistoryResponse> observer) {
        ControlService.answer(observer, () -> view.history(Math.max(0, request.getAfterMillis())));
    }

    @Override
    public void segments(SegmentsRequest request, StreamObserver<SegmentsResponse> observer) {
        ControlService.answer(observer, () -> {
            int max = request.getMaxGroups() == 0 ? SEGMENT_GROUPS : request.getMaxGroups();
            if (max < 0 || max > SEGMENT_GROUPS_MAX) {
                throw Requests.invalid("max_groups is " + Integer.toUnsignedString(max) + "; 0 to " + SEGMENT_GROUPS_MAX
                        + " are allowed");
            }
            return view.segments(max);
        });
    }

    @Override
    public void contents(ContentsRequest request, StreamObserver<ContentsResponse> observer) {
        ControlService.answer(observer, view::contents);
    }

    @Override
    public void diagnose(DiagnoseRequest request, StreamObserver<DiagnoseResponse> observer) {
        ControlService.answer(observer, view::diagnosis);
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
            switch (request.getAction()) {
                case DRAIN_ACTION_UNSPECIFIED -> {} // only asks
                case DRAIN_ACTION_BEGIN -> drain.begin();
                case DRAIN_ACTION_END -> drain.end();
                case UNRECOGNIZED ->
                    throw Requests.invalid("action is " + request.getActionValue() + "; 0 to 2 are known");
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
