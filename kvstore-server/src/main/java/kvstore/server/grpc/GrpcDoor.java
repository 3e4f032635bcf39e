package kvstore.server.grpc;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import kvstore.api.ChunkKey;
import kvstore.server.config.GrpcConfig;
import kvstore.server.identity.Access;
import kvstore.server.net.UnixSocket;
import kvstore.server.region.RegionAccess;
import kvstore.server.trace.Traces;
import kvstore.server.transfer.Transfers;
import kvstore.server.view.NodeIdentity;
import kvstore.v1.AdminGrpc;
import kvstore.v1.KvStoreGrpc;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets and the threads of the gRPC door.
 *
 * <p>Three kinds of threads, so that control never queues behind payload: event loops move bytes between sockets and
 * slabs, virtual threads carry each Put and Get, and a few platform threads of their own answer everything else, MatchPrefix and what touches the disk apart from the rest.
 */
public final class GrpcDoor implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GrpcDoor.class);

    private static final int CONTROL_THREADS = 4;

    /** For calls that read or write the disk a little: when it hangs, they may, and lookups shall not wait for them. */
    private static final int DISK_CALL_THREADS = 4;

    /** Of their own, because a prompt of a million tokens takes 20 ms of one, and a lookup shall not wait for it. */
    private static final int PREFIX_THREADS = 2;

    /** Most time for a connection's handshakes, TLS and HTTP/2, unless {@code grpc.stall-timeout} is less: who is slower is cut off. */
    private static final Duration HANDSHAKE = Duration.ofSeconds(10);

    /** Room for the fields around the payload of a frame, and for requests with many long keys. */
    private static final int MESSAGE_OVERHEAD_BYTES = 64 * 1024;

    /** A token id as a variable-length integer. */
    private static final int MAX_TOKEN_BYTES = 5;

    private final EventLoopGroup eventLoops;
    private final ExecutorService control;
    private final ExecutorService prefix;
    private final ExecutorService diskCalls;
    private final HealthStatusManager health = new HealthStatusManager();
    private final List<Server> servers = new ArrayList<>();
    private final GrpcConfig config;
    private final Access access;
    private final Transfers transfers;
    private final ControlService controlService;
    private final AdminService adminService;
    private final Optional<Traces> traces;

    private @Nullable Server tcp;

    /** Nothing listens before {@link #open}. */
    public GrpcDoor(
            GrpcConfig config,
            Access access,
            Transfers transfers,
            NodeIdentity node,
            RegionAccess regions,
            Duration leaseMax,
            Operations operations,
            Optional<Traces> traces) {
        this.config = config;
        this.access = access;
        this.transfers = transfers;
        this.traces = traces;
        this.controlService = new ControlService(
                transfers, node, new RegionCalls(transfers, regions), leaseMax.toMillis(), config.maxTokens());
        this.adminService = new AdminService(transfers, access.tenants(), operations);
        this.eventLoops = new MultiThreadIoEventLoopGroup(
                config.eventLoopThreads(),
                Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.control = threads("kvstore-control-", CONTROL_THREADS);
        this.prefix = threads("kvstore-prefix-", PREFIX_THREADS);
        this.diskCalls = threads("kvstore-disk-call-", DISK_CALL_THREADS);
    }

    /**
     * Listens on everything that is configured.
     *
     * @throws IOException if an address cannot be bound; says which, and what helps
     */
    public void open() throws IOException {
        if (config.listen().isPresent()) {
            InetSocketAddress address = config.listen().get();
            tcp = start(
                    address,
                    "grpc.listen",
                    Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class);
        }
        if (config.unixSocket().isPresent()) {
            Path path = config.unixSocket().get();
            if (!Epoll.isAvailable()) {
                throw new IOException("grpc.unix-socket needs Netty's epoll transport, which is not available: "
                        + Epoll.unavailabilityCause());
            }
            UnixSocket.removeStale(path, "grpc.unix-socket");
            start(new DomainSocketAddress(path.toFile()), "grpc.unix-socket", EpollServerDomainSocketChannel.class);
            UnixSocket.permit(path, config.unixSocketMode());
        }
        serving(true);
    }

    /** What health checks are told from now on, until {@link #drain}. */
    public void serving(boolean serving) {
        ServingStatus status = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
        health.setStatus(KvStoreGrpc.SERVICE_NAME, status);
    }

    /** Where TCP listens, with the port that was chosen if 0 was asked for. */
    public Optional<InetSocketAddress> tcpAddress() {
        return tcp == null
                ? Optional.empty()
                : tcp.getListenSockets().stream()
                        .map(InetSocketAddress.class::cast)
                        .findFirst();
    }

    /** The event loops, which must never stand still. */
    public Iterable<? extends Executor> eventLoops() {
        return eventLoops;
    }

    private Server start(SocketAddress address, String key, Class<? extends ServerChannel> channelType)
            throws IOException {
        UnreadCalls unreadCalls = new UnreadCalls(transfers.stallTimeout());
        CallerGate gate = new CallerGate(access);
        NettyServerBuilder builder = builder(address)
                .channelType(channelType)
                .bossEventLoopGroup(eventLoops)
                .workerEventLoopGroup(eventLoops)
                // Put and Get bring their own threads; what runs here only copies into memory that is theirs already.
                .directExecutor()
                .callExecutor(unaryCallsOn(control, prefix, diskCalls))
                .addStreamTracerFactory(new CallMetrics(transfers.metrics()))
                .addStreamTracerFactory(unreadCalls.contexts())
                .intercept(unreadCalls)
                .addTransportFilter(gate)
                .intercept(gate)
                .flowControlWindow(config.flowControlWindowBytes())
                .maxConcurrentCallsPerConnection(config.maxCallsPerConnection())
                .maxInboundMessageSize(maxMessageBytes())
                .handshakeTimeout(handshakeMillis(), TimeUnit.MILLISECONDS)
                // A client may ask whether the connection lives, often, also between calls.
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(UnreadableRequests.refuse(Bindings.of(transfers, controlService)))
                .addService(UnreadableRequests.refuse(adminService.bindService()))
                .addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance());
        traces.ifPresent(builder::addStreamTracerFactory);
        if (address instanceof DomainSocketAddress) {
            // gRPC sets it on every connection, and a Unix socket, which has none, warns each time.
            builder.withChildOption(ChannelOption.SO_KEEPALIVE, null);
        } else if (access.certificates().isPresent()) {
            builder.sslContext(access.certificates().get().grpcContext());
        }
        try {
            Server server = builder.build().start();
            servers.add(server);
            return server;
        } catch (IOException e) {
            throw new IOException(
                    key + ": cannot listen on " + address + " (" + cause(e) + "): is another daemon running there?", e);
        }
    }

    private static NettyServerBuilder builder(SocketAddress address) {
        return address instanceof DomainSocketAddress
                ? NettyServerBuilder.forAddress(address, LocalPeers.credentials())
                : NettyServerBuilder.forAddress(address);
    }

    private long handshakeMillis() {
        return Math.min(HANDSHAKE.toMillis(), transfers.stallTimeout().toMillis());
    }

    /** A frame of payload, or a request with as many of the longest keys, or of token ids, as one call may have. */
    private int maxMessageBytes() {
        int keysBytes = transfers.maxKeys() * (ChunkKey.MAX_BYTES + 16);
        int tokensBytes = config.maxTokens() * MAX_TOKEN_BYTES;
        return Math.max(transfers.frameBytes(), Math.max(keysBytes, tokensBytes)) + MESSAGE_OVERHEAD_BYTES;
    }

    private static String cause(IOException failure) {
        Throwable cause = failure.getCause();
        return String.valueOf(cause == null ? failure.getMessage() : cause.getMessage());
    }

    private static ExecutorService threads(String name, int count) {
        return Executors.newFixedThreadPool(
                count, Thread.ofPlatform().name(name, 0).daemon().factory());
    }

    private static ServerCallExecutorSupplier unaryCallsOn(Executor control, Executor prefix, Executor diskCalls) {
        Map<String, Executor> apart = Map.of(
                KvStoreGrpc.getMatchPrefixMethod().getFullMethodName(), prefix,
                KvStoreGrpc.getDeleteMethod().getFullMethodName(), diskCalls,
                AdminGrpc.getExplainMethod().getFullMethodName(), diskCalls,
                AdminGrpc.getListMethod().getFullMethodName(), diskCalls,
                AdminGrpc.getStatMethod().getFullMethodName(), diskCalls,
                AdminGrpc.getSegmentsMethod().getFullMethodName(), diskCalls,
                AdminGrpc.getDiagnoseMethod().getFullMethodName(), diskCalls);
        return new ServerCallExecutorSupplier() {
            @Override
            public <Q, A> @Nullable Executor getExecutor(ServerCall<Q, A> call, Metadata headers) {
                MethodDescriptor<Q, A> method = call.getMethodDescriptor();
                return method.getType() == MethodDescriptor.MethodType.UNARY
                        ? apart.getOrDefault(method.getFullMethodName(), control)
                        : null;
            }
        };
    }

    /** Stops taking calls, and tells health checks so; calls under way may end within {@code timeout}. */
    public void drain(Duration timeout) {
        health.enterTerminalState();
        servers.forEach(Server::shutdown);
        long end = System.nanoTime() + timeout.toNanos();
        try {
            for (Server server : servers) {
                if (!server.awaitTermination(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                    log.atWarn().addKeyValue("timeout", timeout).log("calls did not end in time and are cut off");
                    server.shutdownNow();
                    server.awaitTermination(1, TimeUnit.SECONDS);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        servers.forEach(Server::shutdownNow);
        control.shutdown();
        prefix.shutdown();
        diskCalls.shutdown();
        eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
