package kvstore.client;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import kvstore.api.ChunkKey;
import kvstore.v1.AdminGrpc;
import kvstore.v1.ClearRequest;
import kvstore.v1.ClearResponse;
import kvstore.v1.ContentsRequest;
import kvstore.v1.ContentsResponse;
import kvstore.v1.DeleteRequest;
import kvstore.v1.DiagnoseRequest;
import kvstore.v1.DiagnoseResponse;
import kvstore.v1.DrainAction;
import kvstore.v1.DrainRequest;
import kvstore.v1.DrainResponse;
import kvstore.v1.ExplainRequest;
import kvstore.v1.ExplainResponse;
import kvstore.v1.HashCheck;
import kvstore.v1.HashCheckResult;
import kvstore.v1.HelloRequest;
import kvstore.v1.HelloResponse;
import kvstore.v1.HistoryRequest;
import kvstore.v1.HistoryResponse;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.ListRequest;
import kvstore.v1.ListResponse;
import kvstore.v1.LogLevelRequest;
import kvstore.v1.LogLevelResponse;
import kvstore.v1.LookupRequest;
import kvstore.v1.LookupResponse;
import kvstore.v1.MatchPrefixRequest;
import kvstore.v1.MatchPrefixResponse;
import kvstore.v1.RegisterRegionRequest;
import kvstore.v1.RegisterRegionResponse;
import kvstore.v1.ReleaseRequest;
import kvstore.v1.ScrubRequest;
import kvstore.v1.ScrubResponse;
import kvstore.v1.SegmentsRequest;
import kvstore.v1.SegmentsResponse;
import kvstore.v1.StatRequest;
import kvstore.v1.StatResponse;

/**
 * A client of one daemon. Thread-safe.
 *
 * <p>Every call has the deadline of {@link ClientOptions#timeout}, and fails as a whole with a {@link KvStoreException}:
 * thrown by those that block, inside the future of those that do not. How many keys and bytes one call may have is in
 * {@link HelloResponse#getLimits}; a call over these limits fails with {@code RESOURCE_EXHAUSTED}.
 */
public final class KvStoreClient implements AutoCloseable {
    private static final int WIRE_VERSION = 1;
    private static final int ON_READY_THRESHOLD_BYTES = 2 * 1024 * 1024;

    private final ClientOptions options;
    private final Channels channels;
    private final Failures failures;

    private KvStoreClient(Target target, ClientOptions options) {
        this.options = options;
        this.channels = new Channels(target, options);
        this.failures = new Failures(target, options.timeout());
    }

    /**
     * A client for the daemon at {@code target}. Connections are made when they are first used, and again when they broke,
     * so an unreachable daemon shows at the first call: make it {@link #hello}.
     *
     * @throws KvStoreException if this machine cannot connect to targets of this kind
     */
    public static KvStoreClient connect(Target target, ClientOptions options) {
        return new KvStoreClient(target, options);
    }

    /** Identity and limits of the daemon, and whether it speaks this client's version of the contract. */
    public HelloResponse hello() {
        HelloRequest request = HelloRequest.newBuilder()
                .setClientName(options.clientName())
                .addWireVersions(WIRE_VERSION)
                .build();
        return call(() -> store().hello(request));
    }

    /**
     * Which of these keys are here?
     *
     * @param lease how long the keys that are found shall be safe from eviction; {@link Duration#ZERO} for no lease
     */
    public LookupResult lookup(List<ChunkKey> keys, Duration lease) {
        LookupRequest request = LookupRequest.newBuilder()
                .addAllKeys(WireKeys.bytes(keys))
                .setLeaseMillis(Math.clamp(lease.toMillis(), 0, Integer.MAX_VALUE))
                .setClientId(options.clientId())
                .build();
        LookupResponse response = call(() -> store().lookup(request));
        if (response.getSizesCount() != keys.size()) {
            throw failures.brokenContract(
                    "%d sizes for %d keys".formatted(response.getSizesCount(), keys.size()), null);
        }
        BitSet found = WireKeys.bits(response.getFound());
        List<Long> sizes = new ArrayList<>(keys.size());
        for (int i = 0; i < keys.size(); i++) {
            sizes.add(found.get(i) ? response.getSizes(i) : LookupResult.ABSENT);
        }
        // counted here rather than taken from the answer: it is what the bitmap says, whatever the daemon added up
        int leadingHits = Math.min(found.nextClearBit(0), keys.size());
        return new LookupResult(sizes, leadingHits, response.getLeaseId(), response.getLeaseMillis());
    }

    /** How much of a prompt is here, under the names that LMCache gives its chunks. */
    public MatchPrefixResponse matchPrefix(MatchPrefixRequest request) {
        return call(() -> store().matchPrefix(request));
    }

    /**
     * Asks whether the daemon computes the same hashes.
     *
     * @return one result for each check, in their order; none from a daemon that does not know hashes
     */
    public List<HashCheckResult> checkHashes(List<HashCheck> checks) {
        HelloRequest request = HelloRequest.newBuilder()
                .setClientName(options.clientName())
                .addWireVersions(WIRE_VERSION)
                .addAllHashChecks(checks)
                .build();
        return call(() -> store().hello(request)).getHashChecksList();
    }

    /**
     * Stores chunks, one after the other on one stream. Calls side by side use several connections.
     *
     * @return one result for each chunk, in their order. When it completes, the chunks' memory is the caller's again;
     *     cancelling it ends the call, and a thread may then read the memory for a moment more
     */
    public CompletableFuture<List<PutResult>> put(List<Chunk> chunks) {
        if (chunks.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        CallOptions withThreshold = transferOptions().withOnReadyThreshold(ON_READY_THRESHOLD_BYTES);
        return PutTransfer.start(
                channels.nextTransfer().newCall(PutFrame.METHOD, withThreshold), failures, chunks, options.clientId());
    }

    /**
     * Reads chunks into their memory. A value whose length is not the memory's size is a miss.
     *
     * @return one result for each chunk, in their order. When it completes, the chunks' memory is the caller's again;
     *     cancelling it ends the call, and a thread may then write to the memory for a moment more
     */
    public CompletableFuture<List<GetResult>> get(List<Chunk> chunks) {
        if (chunks.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        return GetTransfer.start(channels.nextTransfer(), transferOptions(), failures, chunks);
    }

    /**
     * Makes memory that this process and a daemon on the same machine share. Chunks that lie in it are stored and loaded
     * in place. It has to be closed before this client.
     *
     * @param sizeBytes at least 1
     * @throws KvStoreException if the daemon takes no memory of this process
     */
    public SharedRegion shareMemory(long sizeBytes) throws InterruptedException {
        return SharedRegion.open(this, sizeBytes);
    }

    RegisterRegionResponse registerRegion(RegisterRegionRequest request) {
        return call(() -> store().registerRegion(request));
    }

    <Q, A> ClientCall<Q, A> newRegionCall(MethodDescriptor<Q, A> method) {
        return channels.nextTransfer().newCall(method, transferOptions());
    }

    EventLoopGroup eventLoops() {
        return channels.eventLoops();
    }

    ClientOptions options() {
        return options;
    }

    Failures failures() {
        return failures;
    }

    /**
     * Makes the daemon forget keys.
     *
     * @return bit i says whether key i was here
     */
    public BitSet delete(List<ChunkKey> keys) {
        DeleteRequest request =
                DeleteRequest.newBuilder().addAllKeys(WireKeys.bytes(keys)).build();
        return WireKeys.bits(call(() -> store().delete(request)).getDeleted());
    }

    /** Ends leases before their time. Unknown or ended ones are ignored. */
    public void release(List<Long> leaseIds) {
        ReleaseRequest request =
                ReleaseRequest.newBuilder().addAllLeaseIds(leaseIds).build();
        var _ = call(() -> store().release(request));
    }

    /** One look at the daemon. */
    public StatResponse stat() {
        return call(() -> admin().stat(StatRequest.getDefaultInstance()));
    }

    /**
     * One page of the keys that are stored.
     *
     * @param keyPrefix only keys that begin with these bytes
     * @param pageToken {@code nextPageToken} of the page before; empty for the first
     * @param pageSize most keys in the answer; 0 means 1000, which is also the most
     */
    public ListResponse list(ByteString keyPrefix, String pageToken, int pageSize) {
        ListRequest request = ListRequest.newBuilder()
                .setKeyPrefix(keyPrefix)
                .setPageToken(pageToken)
                .setPageSize(pageSize)
                .build();
        return call(() -> admin().list(request));
    }

    /** Where a key is, or why it is not. */
    public ExplainResponse explain(ChunkKey key) {
        return explain(key, "");
    }

    /** The same about a key of a tenant; empty is the caller's own. */
    public ExplainResponse explain(ChunkKey key, String tenant) {
        ExplainRequest request = ExplainRequest.newBuilder()
                .setKey(WireKeys.bytes(key))
                .setTenant(tenant)
                .build();
        return call(() -> admin().explain(request));
    }

    /**
     * Makes the daemon read all that is stored and compare it with its checksums. Blocks until that has ended, however
     * long it takes.
     *
     * @param bytesPerSecond 0 for no limit
     * @param reportOnly whether bad records are not forgotten
     * @param seen is told of each answer
     * @return the last answer
     */
    public ScrubResponse scrub(long bytesPerSecond, boolean reportOnly, Consumer<ScrubResponse> seen) {
        ScrubRequest request = ScrubRequest.newBuilder()
                .setBytesPerSecond(bytesPerSecond)
                .setReportOnly(reportOnly)
                .build();
        return call(() -> {
            Iterator<ScrubResponse> answers =
                    AdminGrpc.newBlockingStub(channels.control()).scrub(request);
            ScrubResponse last = ScrubResponse.getDefaultInstance();
            while (answers.hasNext()) {
                last = answers.next();
                seen.accept(last);
            }
            return last;
        });
    }

    /**
     * Makes the daemon forget all that the request names, or count it. Blocks until that has ended, however long it takes.
     *
     * @param seen is told of each answer
     * @return the last answer
     */
    public ClearResponse clear(ClearRequest request, Consumer<ClearResponse> seen) {
        return call(() -> {
            Iterator<ClearResponse> answers =
                    AdminGrpc.newBlockingStub(channels.control()).clear(request);
            ClearResponse last = ClearResponse.getDefaultInstance();
            while (answers.hasNext()) {
                last = answers.next();
                seen.accept(last);
            }
            return last;
        });
    }

    /**
     * Takes the daemon out of service without stopping it, or back into it; says what is under way.
     *
     * @param action unspecified only asks
     */
    public DrainResponse drain(DrainAction action) {
        DrainRequest request = DrainRequest.newBuilder().setAction(action).build();
        return call(() -> admin().drain(request));
    }

    /**
     * Changes what the daemon logs.
     *
     * @param level empty only asks
     * @param logger empty is all that is the daemon's own
     */
    public LogLevelResponse logLevel(String level, String logger) {
        return call(() -> admin().logLevel(LogLevelRequest.newBuilder()
                .setLevel(level)
                .setLogger(logger)
                .build()));
    }

    /** What the daemon did in the last minutes, in steps that ended later than this, in milliseconds since 1970. */
    public HistoryResponse history(long afterMillis) {
        HistoryRequest request =
                HistoryRequest.newBuilder().setAfterMillis(afterMillis).build();
        return call(() -> admin().history(request));
    }

    /** Segment files by age, in at most so many groups, 1 to 1000. */
    public SegmentsResponse segments(int maxGroups) {
        SegmentsRequest request =
                SegmentsRequest.newBuilder().setMaxGroups(maxGroups).build();
        return call(() -> admin().segments(request));
    }

    /** Chunks by what their keys say, as they were counted last. */
    public ContentsResponse contents() {
        return call(() -> admin().contents(ContentsRequest.getDefaultInstance()));
    }

    /** What helps to find out what is wrong. */
    public DiagnoseResponse diagnose() {
        return call(() -> admin().diagnose(DiagnoseRequest.getDefaultInstance()));
    }

    /** Ends what is under way with {@code UNAVAILABLE} and closes the connections. Idempotent. */
    @Override
    public void close() {
        channels.close();
    }

    private CallOptions transferOptions() {
        return CallOptions.DEFAULT.withDeadlineAfter(options.timeout().toNanos(), TimeUnit.NANOSECONDS);
    }

    private KvStoreGrpc.KvStoreBlockingStub store() {
        return KvStoreGrpc.newBlockingStub(channels.control())
                .withDeadlineAfter(options.timeout().toNanos(), TimeUnit.NANOSECONDS);
    }

    private AdminGrpc.AdminBlockingStub admin() {
        return AdminGrpc.newBlockingStub(channels.control())
                .withDeadlineAfter(options.timeout().toNanos(), TimeUnit.NANOSECONDS);
    }

    private <T> T call(Supplier<T> rpc) {
        try {
            return rpc.get();
        } catch (StatusRuntimeException e) {
            throw failures.of(e.getStatus());
        }
    }
}
