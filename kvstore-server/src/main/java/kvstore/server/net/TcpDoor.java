package kvstore.server.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
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
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listening socket, the event loops and the connections of a door whose clients speak a protocol over TCP. */
public final class TcpDoor implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TcpDoor.class);

    private static final int FIRST_READ_BYTES = 16 * 1024;
    private static final int LEAST_READ_BYTES = 512;

    /** Most bytes that are read from a socket at a time, and so the most that a client can have sent ahead. */
    private static final int READ_BYTES = 512 * 1024;

    private final String name;
    private final int maxConnections;
    private final Protocol protocol;
    private final EventLoopGroup eventLoops;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

    private @Nullable Channel listening;

    /** What differs from door to door. Called on event loops. */
    public interface Protocol {
        /** Sets what sockets of this protocol need beside what all have. */
        void configure(ServerBootstrap bootstrap);

        /** Takes a client: adds the handlers, one of which is {@link Drainable}. */
        void accept(Channel channel);

        /** Turns a client away because there are too many, and closes the connection. */
        void refuse(Channel channel);

        /** A client that was taken is gone. */
        void closed();
    }

    /** A connection's handler that can be asked to end. */
    public interface Drainable {
        /** Ends the connection after what is under way. On its event loop. */
        void drain();
    }

    /**
     * Nothing listens before {@link #open}.
     *
     * @param name of the door: {@code name.listen} and {@code name.max-connections} are its settings
     */
    public TcpDoor(String name, int eventLoopThreads, int maxConnections, Protocol protocol) {
        this.name = name;
        this.maxConnections = maxConnections;
        this.protocol = protocol;
        this.eventLoops = new MultiThreadIoEventLoopGroup(
                eventLoopThreads, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    /**
     * Listens.
     *
     * @throws IOException if the address cannot be bound; says which, and what helps
     */
    public void open(InetSocketAddress address) throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(eventLoops)
                .channel(Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new AdaptiveRecvByteBufAllocator(LEAST_READ_BYTES, FIRST_READ_BYTES, READ_BYTES))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        take(channel);
                    }
                });
        protocol.configure(bootstrap);
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "%s.listen: cannot listen on %s (%s): is another server running there?"
                            .formatted(name, address, bound.cause().getMessage()),
                    bound.cause());
        }
        listening = bound.channel();
    }

    /** Where it listens, with the port that was chosen if 0 was asked for. */
    public Optional<InetSocketAddress> address() {
        return Optional.ofNullable(listening).map(channel -> (InetSocketAddress) channel.localAddress());
    }

    /** The event loops, which must never stand still. */
    public Iterable<? extends Executor> eventLoops() {
        return eventLoops;
    }

    private void take(Channel channel) {
        if (connections.size() >= maxConnections) {
            log.atWarn()
                    .addKeyValue("door", name)
                    .addKeyValue("limit", maxConnections)
                    .log("a client is refused: {}.max-connections is reached", name);
            protocol.refuse(channel);
            return;
        }
        connections.add(channel);
        var _ = channel.closeFuture().addListener(_ -> protocol.closed());
        protocol.accept(channel);
    }

    /** Takes no more clients; what is under way may end within {@code timeout}, then all connections are closed. */
    public void drain(Duration timeout) {
        if (listening != null) {
            listening.close().awaitUninterruptibly();
        }
        for (Channel channel : connections) {
            channel.pipeline().toMap().values().stream()
                    .filter(Drainable.class::isInstance)
                    .map(Drainable.class::cast)
                    .forEach(connection -> channel.eventLoop().execute(connection::drain));
        }
        if (!connections.newCloseFuture().awaitUninterruptibly(timeout.toMillis())) {
            log.atWarn()
                    .addKeyValue("door", name)
                    .addKeyValue("timeout", timeout)
                    .log("clients did not end in time and are cut off");
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
