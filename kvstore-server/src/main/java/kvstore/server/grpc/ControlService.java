package kvstore.server.grpc;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.function.Supplier;
import kvstore.api.ChunkKey;
import kvstore.gds.ServedGpu;
import kvstore.server.transfer.Transfers;
import kvstore.server.view.NodeIdentity;
import kvstore.store.LookupResult;
import kvstore.v1.DeleteRequest;
import kvstore.v1.DeleteResponse;
import kvstore.v1.Gpu;
import kvstore.v1.HelloRequest;
import kvstore.v1.HelloResponse;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.Limits;
import kvstore.v1.LoadIntoRequest;
import kvstore.v1.LoadResult;
import kvstore.v1.LookupRequest;
import kvstore.v1.LookupResponse;
import kvstore.v1.MatchPrefixRequest;
import kvstore.v1.MatchPrefixResponse;
import kvstore.v1.RegisterRegionRequest;
import kvstore.v1.RegisterRegionResponse;
import kvstore.v1.ReleaseRequest;
import kvstore.v1.ReleaseResponse;
import kvstore.v1.StoreFromRequest;
import kvstore.v1.StoreResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The calls whose payload is not in messages. Put and Get are bound beside them, see {@link Bindings}. */
final class ControlService extends KvStoreGrpc.KvStoreImplBase {
    /** The only version of the contract so far. */
    static final int WIRE_VERSION = 1;

    private static final Logger log = LoggerFactory.getLogger(ControlService.class);
    private static final int MAX_CLIENT_NAME_BYTES = 128;

    private final Transfers transfers;
    private final NodeIdentity node;
    private final RegionCalls regions;
    private final long leaseMillisMax;
    private final int maxTokens;
    private final PrefixMatch prefixMatch;

    ControlService(Transfers transfers, NodeIdentity node, RegionCalls regions, long leaseMillisMax, int maxTokens) {
        this.transfers = transfers;
        this.node = node;
        this.regions = regions;
        this.leaseMillisMax = leaseMillisMax;
        this.maxTokens = maxTokens;
        this.prefixMatch = new PrefixMatch(transfers, maxTokens, leaseMillisMax);
    }

    @Override
    public void hello(HelloRequest request, StreamObserver<HelloResponse> observer) {
        answer(observer, () -> {
            List<Integer> versions = request.getWireVersionsList();
            if (!versions.isEmpty() && !versions.contains(WIRE_VERSION)) {
                throw Status.FAILED_PRECONDITION
                        .withDescription("the client speaks wire versions " + versions + ", this daemon ("
                                + node.version() + ") speaks [" + WIRE_VERSION + "]: upgrade the older of the two")
                        .asRuntimeException();
            }
            if (request.getClientNameBytes().size() > MAX_CLIENT_NAME_BYTES) {
                throw Requests.invalid("client_name is longer than " + MAX_CLIENT_NAME_BYTES + " bytes");
            }
            log.atInfo()
                    .addKeyValue("client", request.getClientName())
                    .addKeyValue("tenant", CallerGate.tenant())
                    .log("client connected");
            return HelloResponse.newBuilder()
                    .setWireVersion(WIRE_VERSION)
                    .setServerVersion(node.version())
                    .setNode(node.pool().node())
                    .setPool(node.pool().pool().toString())
                    .setEpoch(node.pool().epoch())
                    .setIoPath(node.engine().path().label())
                    .setRegionSocket(regions.socket())
                    .setTenant(CallerGate.tenant().name())
                    .setGpuPath(node.gpus().path())
                    .setGpuReason(node.gpus().reason())
                    .addAllGpus(node.gpus().gpus().stream()
                            .map(ControlService::wire)
                            .toList())
                    .setLimits(Limits.newBuilder()
                            .setKeyBytes(ChunkKey.MAX_BYTES)
                            .setValueBytes(transfers.maxValueBytes())
                            .setKeys(transfers.maxKeys())
                            .setFrameBytes(transfers.frameBytes())
                            .setLeaseMillis((int) leaseMillisMax)
                            .setTokens(maxTokens))
                    .addAllHashChecks(HashChecks.answer(
                            request.getClientName(), request.getHashChecksList(), transfers.metrics()))
                    .build();
        });
    }

    @Override
    public void lookup(LookupRequest request, StreamObserver<LookupResponse> observer) {
        answer(observer, () -> {
            long start = System.nanoTime();
            Requests.checkKeys(request.getKeysList(), transfers.maxKeys());
            Requests.checkClientId(request.getClientId());
            long leaseMillis = Math.min(Integer.toUnsignedLong(request.getLeaseMillis()), leaseMillisMax);
            LookupResult result = transfers
                    .store()
                    .lookup(
                            Requests.keys(CallerGate.tenant(), request.getKeysList()),
                            request.getClientId(),
                            leaseMillis);
            LookupResponse.Builder response = LookupResponse.newBuilder()
                    .setFound(bits(result.found(), request.getKeysCount()))
                    .setLeadingHits(result.leadingHits())
                    .setLeaseId(result.leaseId())
                    .setLeaseMillis((int) result.leaseMillis());
            for (long size : result.sizes()) {
                response.addSizes(size);
            }
            transfers
                    .metrics()
                    .lookup(
                            request.getKeysCount(),
                            result.found().cardinality(),
                            result.leadingHits(),
                            System.nanoTime() - start);
            return response.build();
        });
    }

    @Override
    public void delete(DeleteRequest request, StreamObserver<DeleteResponse> observer) {
        answer(observer, () -> {
            Requests.checkKeys(request.getKeysList(), transfers.maxKeys());
            BitSet deleted = transfers.store().delete(Requests.keys(CallerGate.tenant(), request.getKeysList()));
            return DeleteResponse.newBuilder()
                    .setDeleted(bits(deleted, request.getKeysCount()))
                    .build();
        });
    }

    @Override
    public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> observer) {
        answer(observer, () -> {
            if (request.getLeaseIdsCount() > transfers.maxKeys()) {
                throw Requests.exhausted("lease_ids has " + request.getLeaseIdsCount() + " entries; at most "
                        + transfers.maxKeys() + " are allowed (grpc.max-keys)");
            }
            String namespace = CallerGate.tenant().namespace();
            request.getLeaseIdsList().forEach(lease -> transfers.store().release(lease, namespace));
            return ReleaseResponse.getDefaultInstance();
        });
    }

    @Override
    public void registerRegion(RegisterRegionRequest request, StreamObserver<RegisterRegionResponse> observer) {
        answer(observer, () -> regions.register(request));
    }

    @Override
    public void storeFrom(StoreFromRequest request, StreamObserver<StoreResult> observer) {
        regions.storeFrom(request, observer);
    }

    @Override
    public void loadInto(LoadIntoRequest request, StreamObserver<LoadResult> observer) {
        regions.loadInto(request, observer);
    }

    @Override
    public void matchPrefix(MatchPrefixRequest request, StreamObserver<MatchPrefixResponse> observer) {
        answer(observer, () -> prefixMatch.answer(request));
    }

    private static Gpu wire(ServedGpu gpu) {
        byte[] uuid = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(gpu.uuid().getMostSignificantBits())
                .putLong(gpu.uuid().getLeastSignificantBits())
                .array();
        return Gpu.newBuilder()
                .setUuid(ByteString.copyFrom(uuid))
                .setName(gpu.name())
                .setMemoryBytes(gpu.memoryBytes())
                .build();
    }

    /** One bit for each key, least significant first, in as many bytes as the keys need. */
    private static ByteString bits(BitSet set, int count) {
        byte[] bytes = new byte[(count + 7) / 8];
        byte[] used = set.toByteArray();
        System.arraycopy(used, 0, bytes, 0, used.length);
        return ByteString.copyFrom(bytes);
    }

    /** Answers a unary call with what {@code work} returns, or with the status that it throws. */
    static <T> void answer(StreamObserver<T> observer, Supplier<T> work) {
        T response;
        try {
            response = work.get();
        } catch (StatusRuntimeException e) {
            observer.onError(e);
            return;
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("a call failed by a mistake in this program");
            observer.onError(Status.INTERNAL
                    .withDescription("the call failed inside the daemon; its log has more")
                    .asRuntimeException());
            return;
        }
        observer.onNext(response);
        observer.onCompleted();
    }
}
