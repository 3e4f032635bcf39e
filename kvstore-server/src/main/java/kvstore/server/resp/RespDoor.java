package kvstore.server.resp;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.redis.RedisEncoder;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.server.config.RespConfig;
import kvstore.server.transfer.Transfers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The socket and the threads of the RESP2 door. */
public final class RespDoor implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RespDoor.class);

    /** Most bytes that are read from a socket at a time, and so the most that a client can have sent ahead. */
    private static final int READ_BYTES = 512 * 1024;

    /** Answers that a client may leave unread before no more of its commands are taken. */
    private static final WriteBufferWaterMark UNREAD = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private final RespServices services;
    private final EventLoopGroup eventLoops;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final AtomicLong lastId = new AtomicLong();

    private @Nullable Channel listening;

    /**
     * Nothing listens before {@link #open}.
     *
     * @param version of this daemon
     */
    public RespDoor(RespConfig config, Transfers transfers, String version) {
        this.services = new RespServices(
                config,
                transfers,
                transfers.metrics().resp(),
                new Expiries(transfers.store(), config.maxExpiries()),
                version);
        this.eventLoops = new MultiThreadIoEventLoopGroup(
                config.eventLoopThreads(),
                Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    /**
     * Listens on {@code resp.listen}.
     *
     * @throws IOException if the address cannot be bound; says which, and what helps
     */
    public void open() throws IOException {
        InetSocketAddress address = services.config().listen().orElseThrow();
        var bound = new ServerBootstrap()
                .group(eventLoops)
                .channel(Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNREAD)
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
                    "resp.listen: cannot listen on " + address + " ("
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
        if (connections.size() >= services.config().maxConnections()) {
            services.meters().refused();
            log.atWarn()
                    .addKeyValue("limit", services.config().maxConnections())
                    .log("a RESP client is refused: resp.max-connections is reached");
            var _ = channel.writeAndFlush(
                            Unpooled.copiedBuffer("-ERR max number of clients reached\r\n", StandardCharsets.US_ASCII))
                    .addListener(ChannelFutureListener.CLOSE);
            return;
        }
        connections.add(channel);
        services.meters().opened();
        var _ = channel.closeFuture().addListener(_ -> services.meters().closed());
        String host = ((InetSocketAddress) channel.remoteAddress()).getAddress().getHostAddress();
        channel.pipeline()
                .addLast(new RedisEncoder())
                .addLast(new RespConnection(services, new Session(lastId.incrementAndGet(), "resp:" + host)));
    }

    /** Takes no more clients; commands under way may end within {@code timeout}, then all connections are closed. */
    public void drain(Duration timeout) {
        if (listening != null) {
            listening.close().awaitUninterruptibly();
        }
        for (Channel channel : connections) {
            RespConnection connection = channel.pipeline().get(RespConnection.class);
            if (connection != null) {
                channel.eventLoop().execute(connection::drain);
            }
        }
        if (!connections.newCloseFuture().awaitUninterruptibly(timeout.toMillis())) {
            log.atWarn().addKeyValue("timeout", timeout).log("RESP clients did not end in time and are cut off");
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
        services.expiries().close();
    }
}
