package kvstore.client;

import com.google.protobuf.ByteString;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Function;
import kvstore.v1.AdminGrpc;
import kvstore.v1.ClearRequest;
import kvstore.v1.ClearResponse;
import kvstore.v1.DeleteRequest;
import kvstore.v1.DeleteResponse;
import kvstore.v1.GetRequest;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.HelloRequest;
import kvstore.v1.HelloResponse;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.Limits;
import kvstore.v1.ListRequest;
import kvstore.v1.ListResponse;
import kvstore.v1.ListedChunk;
import kvstore.v1.LookupRequest;
import kvstore.v1.LookupResponse;
import kvstore.v1.MissReason;
import kvstore.v1.PutBegin;
import kvstore.v1.PutReason;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import kvstore.v1.ReleaseRequest;
import kvstore.v1.ReleaseResponse;
import kvstore.v1.ScrubRequest;
import kvstore.v1.ScrubResponse;
import kvstore.v1.StatRequest;
import kvstore.v1.StatResponse;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * The contract by the generated classes alone, with a map in place of disks, over a real socket. Its public fields make it
 * misbehave.
 */
@NullMarked
public final class FakeDaemon implements AutoCloseable {
    public static final int KEYS_PER_CALL = 3;
    public static final int FRAME_BYTES = 512 * 1024;

    /** Takes the place of {@code Get}. */
    public volatile @Nullable BiConsumer<GetRequest, StreamObserver<GetResponse>> get;
    /** Takes the place of {@code Put}. */
    public volatile @Nullable Function<StreamObserver<PutResponse>, StreamObserver<PutRequest>> put;
    /** Answers a {@code begin} at once, without its bytes. */
    public volatile Function<PutBegin, @Nullable PutResponse> refuse = _ -> null;
    /** Fails every call but put and get. */
    public volatile @Nullable Status failure;
    /** Never answers any call but put and get. */
    public volatile boolean silent;

    public volatile boolean ready = true;
    public volatile int unreadableSegments;
    public volatile String fileSystem = "ext4";

    /** What a scrub answers, and what it was asked for. */
    public volatile List<ScrubResponse> scrubAnswers = List.of();

    public final List<ScrubRequest> scrubs = Collections.synchronizedList(new ArrayList<>());

    public final ConcurrentSkipListMap<ByteString, ByteString> chunks =
            new ConcurrentSkipListMap<>(ByteString.unsignedLexicographicalComparator());
    public final List<Long> releasedLeases = Collections.synchronizedList(new ArrayList<>());
    /** Payload that came in frames of put, also of chunks that were refused. */
    public final AtomicLong putBytes = new AtomicLong();

    private final Server server;
    private final @Nullable EventLoopGroup eventLoops;
    private final Target target;

    private FakeDaemon(NettyServerBuilder builder, @Nullable EventLoopGroup eventLoops, @Nullable Target target)
            throws IOException {
        this.server = builder.addService(new StoreService())
                .addService(new AdminService())
                .maxInboundMessageSize(1024 * 1024)
                .build()
                .start();
        this.eventLoops = eventLoops;
        this.target = target == null ? new Target.Tcp("127.0.0.1", server.getPort()) : target;
    }

    public static FakeDaemon onTcp() throws IOException {
        return new FakeDaemon(
                NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)), null, null);
    }

    public static FakeDaemon onUnixSocket(Path socket) throws IOException {
        EventLoopGroup eventLoops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        return new FakeDaemon(
                NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                        .channelType(EpollServerDomainSocketChannel.class)
                        .withChildOption(ChannelOption.SO_KEEPALIVE, null)
                        .bossEventLoopGroup(eventLoops)
                        .workerEventLoopGroup(eventLoops),
                eventLoops,
                new Target.Unix(socket));
    }

    public Target target() {
        return target;
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(10, TimeUnit.SECONDS);
            if (eventLoops != null) {
                eventLoops.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private <T> void answer(StreamObserver<T> out, T response) {
        Status status = failure;
        if (status != null) {
            out.onError(status.asRuntimeException());
        } else if (!silent) {
            out.onNext(response);
            out.onCompleted();
        }
    }

    private ByteString bitmap(List<ByteString> keys, Function<ByteString, Boolean> bit) {
        BitSet bits = new BitSet();
        for (int i = 0; i < keys.size(); i++) {
            bits.set(i, bit.apply(keys.get(i)));
        }
        return ByteString.copyFrom(bits.toByteArray());
    }

    private static <T> boolean isOverLimit(List<ByteString> keys, StreamObserver<T> out) {
        if (keys.size() <= KEYS_PER_CALL) {
            return false;
        }
        out.onError(Status.RESOURCE_EXHAUSTED
                .withDescription("keys: %d, and the limit is %d".formatted(keys.size(), KEYS_PER_CALL))
                .asRuntimeException());
        return true;
    }

    private final class StoreService extends KvStoreGrpc.KvStoreImplBase {
        @Override
        public void hello(HelloRequest request, StreamObserver<HelloResponse> out) {
            answer(
                    out,
                    HelloResponse.newBuilder()
                            .setWireVersion(request.getWireVersions(0))
                            .setServerVersion("fake")
                            .setNode(request.getClientName())
                            .setLimits(Limits.newBuilder()
                                    .setKeyBytes(1024)
                                    .setValueBytes(1L << 30)
                                    .setKeys(KEYS_PER_CALL)
                                    .setFrameBytes(FRAME_BYTES)
                                    .setLeaseMillis(60_000))
                            .build());
        }

        @Override
        public void lookup(LookupRequest request, StreamObserver<LookupResponse> out) {
            if (isOverLimit(request.getKeysList(), out)) {
                return;
            }
            LookupResponse.Builder response = LookupResponse.newBuilder()
                    .setFound(bitmap(request.getKeysList(), chunks::containsKey))
                    .setLeaseId(request.getLeaseMillis() == 0 ? 0 : 4711)
                    .setLeaseMillis(request.getLeaseMillis());
            for (ByteString key : request.getKeysList()) {
                ByteString value = chunks.get(key);
                response.addSizes(value == null ? 0 : value.size());
            }
            answer(out, response.build());
        }

        @Override
        public void delete(DeleteRequest request, StreamObserver<DeleteResponse> out) {
            if (!isOverLimit(request.getKeysList(), out)) {
                ByteString deleted = bitmap(request.getKeysList(), key -> chunks.remove(key) != null);
                answer(out, DeleteResponse.newBuilder().setDeleted(deleted).build());
            }
        }

        @Override
        public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> out) {
            releasedLeases.addAll(request.getLeaseIdsList());
            answer(out, ReleaseResponse.getDefaultInstance());
        }

        @Override
        public StreamObserver<PutRequest> put(StreamObserver<PutResponse> out) {
            var override = put;
            return override == null ? new Receiver(out) : override.apply(out);
        }

        @Override
        public void get(GetRequest request, StreamObserver<GetResponse> out) {
            var override = get;
            if (override != null) {
                override.accept(request, out);
                return;
            }
            for (int i = 0; i < request.getKeysCount(); i++) {
                send(i, request.getExpectedLengths(i), chunks.get(request.getKeys(i)), out);
            }
            out.onCompleted();
        }

        private void send(int index, long expected, @Nullable ByteString value, StreamObserver<GetResponse> out) {
            GetResponse.Builder response = GetResponse.newBuilder().setIndex(index);
            if (value == null || (expected != 0 && value.size() != expected)) {
                out.onNext(response.setStatus(GetStatus.GET_STATUS_MISS)
                        .setReason(value == null ? MissReason.MISS_REASON_ABSENT : MissReason.MISS_REASON_OTHER_LENGTH)
                        .build());
                return;
            }
            for (int start = 0; start < value.size(); start += FRAME_BYTES) {
                int end = Math.min(value.size(), start + FRAME_BYTES);
                out.onNext(response.setLength(start == 0 ? value.size() : 0)
                        .setData(value.substring(start, end))
                        .setStatus(end == value.size() ? GetStatus.GET_STATUS_HIT : GetStatus.GET_STATUS_UNSPECIFIED)
                        .build());
            }
        }
    }

    private final class Receiver implements StreamObserver<PutRequest> {
        private final StreamObserver<PutResponse> out;
        private int index = -1;
        private PutBegin begin = PutBegin.getDefaultInstance();
        private ByteString value = ByteString.EMPTY;
        private boolean answered = true;

        Receiver(StreamObserver<PutResponse> out) {
            this.out = out;
        }

        @Override
        public void onNext(PutRequest request) {
            if (request.hasBegin()) {
                endChunk();
                index++;
                begin = request.getBegin();
                value = ByteString.EMPTY;
                answered = false;
                PutResponse refusal = refuse.apply(begin);
                if (refusal != null) {
                    answer(refusal.toBuilder());
                }
                return;
            }
            if (request.getData().size() > FRAME_BYTES) {
                out.onError(Status.INVALID_ARGUMENT.withDescription("data").asRuntimeException());
                return;
            }
            putBytes.addAndGet(request.getData().size());
            value = value.concat(request.getData());
            if (!answered && value.size() == begin.getLength()) {
                ByteString before = chunks.get(begin.getKey());
                boolean already = before != null && before.size() == value.size();
                if (!already) {
                    chunks.put(begin.getKey(), value);
                }
                answer(PutResponse.newBuilder()
                        .setStatus(already ? PutStatus.PUT_STATUS_ALREADY_STORED : PutStatus.PUT_STATUS_STORED));
            }
        }

        private void endChunk() {
            if (!answered) {
                answer(PutResponse.newBuilder()
                        .setStatus(PutStatus.PUT_STATUS_REJECTED)
                        .setReason(PutReason.PUT_REASON_TRUNCATED));
            }
        }

        private void answer(PutResponse.Builder response) {
            answered = true;
            out.onNext(response.setIndex(index).build());
        }

        @Override
        public void onError(Throwable thrown) {
            // the client went away: what is half here is forgotten
        }

        @Override
        public void onCompleted() {
            endChunk();
            out.onCompleted();
        }
    }

    private final class AdminService extends AdminGrpc.AdminImplBase {
        @Override
        public void clear(ClearRequest request, StreamObserver<ClearResponse> out) {
            int bytes = chunks.values().stream().mapToInt(ByteString::size).sum();
            ClearResponse response = ClearResponse.newBuilder()
                    .setChunks(chunks.size())
                    .setBytes(bytes)
                    .setUnreadableSegments(unreadableSegments)
                    .setComplete(true)
                    .build();
            if (!request.getCountOnly()) {
                chunks.clear();
            }
            answer(out, response);
        }

        @Override
        public void stat(StatRequest request, StreamObserver<StatResponse> out) {
            answer(
                    out,
                    StatResponse.newBuilder()
                            .setServerVersion("fake")
                            .setNode("node-1")
                            .setDirectory("/pool/nodes/node-1")
                            .setFileSystem(fileSystem)
                            .setStripeLayout("kept")
                            .setStripeLayoutReason("stripe count 1")
                            .setIoPath("odirect")
                            .setIoPathReason("proven by a write and a read")
                            .setCapacityBytes(1L << 40)
                            .setUsedBytes(1L << 38)
                            .setUptimeMillis(90_061_000)
                            .setChunks(chunks.size())
                            .setReady(ready)
                            .build());
        }

        @Override
        public void scrub(ScrubRequest request, StreamObserver<ScrubResponse> out) {
            scrubs.add(request);
            scrubAnswers.forEach(out::onNext);
            out.onCompleted();
        }

        @Override
        public void list(ListRequest request, StreamObserver<ListResponse> out) {
            List<ByteString> keys = chunks.keySet().stream()
                    .filter(key -> key.startsWith(request.getKeyPrefix()))
                    .toList();
            int start = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
            // small pages, whatever was asked for, so that a few keys are many pages
            int end = Math.min(keys.size(), start + Math.min(2, request.getPageSize()));
            ListResponse.Builder response = ListResponse.newBuilder()
                    .setNextPageToken(end < keys.size() ? Integer.toString(end) : "")
                    .setUnreadableSegments(end < keys.size() ? 0 : unreadableSegments);
            for (ByteString key : keys.subList(start, end)) {
                response.addChunks(ListedChunk.newBuilder()
                        .setKey(key)
                        .setLength(chunks.getOrDefault(key, ByteString.EMPTY).size())
                        .setSegment(0x2a));
            }
            answer(out, response.build());
        }
    }
}
