package kvstore.server.lm;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import kvstore.server.config.LmConfig;
import kvstore.server.transfer.Transfers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The socket and the threads of the door for {@code lm://}. */
public final class LmDoor implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LmDoor.class);

    /** Most bytes that are read from a socket at a time. */
    private static final int READ_BYTES = 512 * 1024;

    private final LmConfig config;
    private final LmServices services;
    private final EventLoopGroup eventLoops;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

    private @Nullable Channel listening;

    /**
     * Nothing listens before {@link #open}.
     *
     * @param leaseMax the longest lease
     */
    public LmDoor(LmConfig config, Transfers transfers, Duration leaseMax) {
        this.config = config;
        long leaseMillis = Math.min(config.leaseDuration().toMillis(), leaseMax.toMillis());
        this.services = new LmServices(transfers, transfers.metrics().lm(), leaseMillis);
        this.eventLoops = new MultiThreadIoEventLoopGroup(
                config.eventLoopThreads(),
                Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    /**
     * Listens on {@code lm.listen}.
     *
     * @throws IOException if the address cannot be bound; says which, and what helps
     */
    public void open() throws IOException {
        InetSocketAddress address = config.listen().orElseThrow();
        var bound = new ServerBootstrap()
                .group(eventLoops)
                .channel(Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                // LMCache reads a reply with one recv: it must not wait in the kernel for what follows.
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(512, 16 * 1024, READ_BYTES))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel);
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "lm.listen: cannot listen on " + address + " ("
                            + bound.cause().getMessage() + "): is another server running there?",
                    bound.cause());
        }
        listening = bound.channel();
    }

    /** Where it listens, with the port that was chosen if 0 was asked for. */
    public Optional<InetSocketAddress> address() {
        return Optional.ofNullable(listening).map(channel -> (InetSocketAddress) channel.localAddress());
    }

    private void accept(Channel channel) {
        if (connections.size() >= config.maxConnections()) {
            services.meters().refused();
            log.atWarn()
                    .addKeyValue("limit", config.maxConnections())
                    .log("an lm client is refused: lm.max-connections is reached");
            var _ = channel.close();
            return;
        }
        connections.add(channel);
        services.meters().opened();
        var _ = channel.closeFuture().addListener(_ -> services.meters().closed());
        channel.pipeline().addLast(new LmConnection(services, String.valueOf(channel.remoteAddress())));
    }

    /** Takes no more clients; requests under way may end within {@code timeout}, then all connections are closed. */
    public void drain(Duration timeout) {
        if (listening != null) {
            listening.close().awaitUninterruptibly();
        }
        for (Channel channel : connections) {
            LmConnection connection = channel.pipeline().get(LmConnection.class);
            if (connection != null) {
                channel.eventLoop().execute(connection::drain);
            }
        }
        if (!connections.newCloseFuture().awaitUninterruptibly(timeout.toMillis())) {
            log.atWarn().addKeyValue("timeout", timeout).log("lm clients did not end in time and are cut off");
        }
        connections.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (listening != null) {
            listening.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        }
        connections.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
