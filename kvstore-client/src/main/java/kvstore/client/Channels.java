package kvstore.client;

import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The connections to one daemon: one for control, so that a lookup never waits behind a transfer, and several for
 * transfers, because a connection never gets more than one core. They are made when first used.
 */
final class Channels implements AutoCloseable {
    private static final int FLOW_CONTROL_WINDOW_BYTES = 16 * 1024 * 1024;
    private static final int CLOSE_MILLIS = 5_000;

    private final EventLoopGroup eventLoops;
    private final ManagedChannel control;
    private final List<ManagedChannel> transfers;
    private final AtomicInteger transferCount = new AtomicInteger();

    Channels(Target target, ClientOptions options) {
        Optional<ChannelCredentials> tls = options.tls().map(TlsFiles::credentials);
        String serverName = options.tls().map(TlsFiles::serverName).orElse("");
        eventLoops = eventLoops(target, options.transferConnections() + 1);
        control = open(target, tls, serverName);
        transfers = Stream.generate(() -> open(target, tls, serverName))
                .limit(options.transferConnections())
                .toList();
    }

    EventLoopGroup eventLoops() {
        return eventLoops;
    }

    ManagedChannel control() {
        return awake(control);
    }

    ManagedChannel nextTransfer() {
        return awake(transfers.get(Math.floorMod(transferCount.getAndIncrement(), transfers.size())));
    }

    // gRPC waits up to two minutes before it tries a lost daemon again; somebody asks for it now
    private static ManagedChannel awake(ManagedChannel channel) {
        if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
            channel.resetConnectBackoff();
        }
        return channel;
    }

    private ManagedChannel open(Target target, Optional<ChannelCredentials> tls, String serverName) {
        NettyChannelBuilder builder = switch (target) {
            case Target.Unix(var path) ->
                NettyChannelBuilder.forAddress(
                                new DomainSocketAddress(path.toFile()), InsecureChannelCredentials.create())
                        .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
                        .overrideAuthority("localhost")
                        // takes out what gRPC puts in: Netty warns that these sockets do not know it
                        .withOption(ChannelOption.SO_KEEPALIVE, null);
            case Target.Tcp(String host, int port) ->
                NettyChannelBuilder.forAddress(host, port, tls.orElseGet(InsecureChannelCredentials::create))
                        .channelType(tcpChannel())
                        // payload inside a cluster has no business in an HTTP proxy
                        .proxyDetector(_ -> null)
                        .disableServiceConfigLookUp();
        };
        if (target instanceof Target.Tcp && !serverName.isEmpty()) {
            builder.overrideAuthority(serverName);
        }
        return builder.eventLoopGroup(eventLoops)
                .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                // a retry would keep the sent messages, and callers decide better whether an old put is still wanted
                .disableRetry()
                .build();
    }

    private static Class<? extends Channel> tcpChannel() {
        return Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    private static EventLoopGroup eventLoops(Target target, int threads) {
        ThreadFactory factory = new DefaultThreadFactory("kvstore-client", true);
        if (Epoll.isAvailable()) {
            return new MultiThreadIoEventLoopGroup(threads, factory, EpollIoHandler.newFactory());
        }
        if (target instanceof Target.Unix) {
            throw new KvStoreException(
                    Status.Code.UNAVAILABLE,
                    "cannot reach %s: Netty's native epoll does not load here (%s); take host:port instead"
                            .formatted(target, Epoll.unavailabilityCause()),
                    Epoll.unavailabilityCause());
        }
        return new MultiThreadIoEventLoopGroup(threads, factory, NioIoHandler.newFactory());
    }

    @Override
    public void close() {
        List<ManagedChannel> all =
                Stream.concat(Stream.of(control), transfers.stream()).toList();
        all.forEach(ManagedChannel::shutdownNow);
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
        try {
            for (ManagedChannel channel : all) {
                channel.awaitTermination(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
            eventLoops
                    .shutdownGracefully(0, CLOSE_MILLIS, TimeUnit.MILLISECONDS)
                    .await(CLOSE_MILLIS);
        } catch (InterruptedException _) {
            // the threads are daemons: nothing depends on seeing them end
            Thread.currentThread().interrupt();
        }
    }
}
