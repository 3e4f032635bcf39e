package kvstore.server.region;

import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.util.concurrent.FutureListener;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import kvstore.server.config.RegionConfig;
import kvstore.server.net.UnixSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket on which clients hand over memory. Its own, because a gRPC message cannot carry a file descriptor; one
 * connection is one region, and its end is the region's. {@code docs/reference/regions.md} has the handshake.
 */
public final class RegionDoor implements AutoCloseable {
    /** What a connection is told. */
    enum Event {
        STOPPING
    }

    private static final Logger log = LoggerFactory.getLogger(RegionDoor.class);

    /** How long a stop waits for reads and writes in regions; longer than any that is not stuck. */
    private static final long QUIET_SECONDS_MAX = 30;

    private static final int ROOT_UID = 0;

    /** Nothing is expected behind the memory. */
    private static final int READ_BYTES = GpuHandover.MESSAGE_BYTES + 1;

    private final Set<PosixFilePermission> mode;
    private final Set<Integer> allowedUids;
    private final Regions regions;
    private final GpuAccess gpus;
    private final IoEventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

    /** Connections of which nothing is known yet. */
    private final Set<EpollDomainSocketChannel> silent = ConcurrentHashMap.newKeySet();

    private Optional<Channel> listening = Optional.empty();

    /**
     * Nothing listens before {@link #open}.
     *
     * @param mode of the socket's file
     * @param gpus what takes GPU memory, or says why not
     */
    public RegionDoor(RegionConfig config, Set<PosixFilePermission> mode, Regions regions, GpuAccess gpus)
            throws IOException {
        this.mode = mode;
        this.gpus = gpus;
        this.allowedUids = new HashSet<>(config.allowedUids());
        this.regions = regions;
        allowedUids.add(ROOT_UID);
        allowedUids.add((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    }

    /**
     * Listens.
     *
     * @throws IOException if the socket cannot be bound; says why and what helps
     */
    public void open(Path path) throws IOException {
        if (!Epoll.isAvailable()) {
            throw new IOException("region.socket needs Netty's epoll transport, which is not available: "
                    + Epoll.unavailabilityCause());
        }
        UnixSocket.removeStale(path, "region.socket");
        EpollServerDomainSocketChannel server = new EpollServerDomainSocketChannel();
        server.pipeline().addLast(new Acceptor());
        try {
            register(server).sync();
            server.bind(new DomainSocketAddress(path.toFile())).sync();
            listening = Optional.of(server);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while binding region.socket " + path, e);
        } catch (Exception e) {
            throw new IOException("region.socket: cannot listen on " + path + " (" + e.getMessage() + ")", e);
        }
        UnixSocket.permit(path, mode);
    }

    /** Takes connections as they come, and gives them to the event loop once it is clear how to read them. */
    private final class Acceptor extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object accepted) {
            EpollDomainSocketChannel channel = (EpollDomainSocketChannel) accepted;
            silent.add(channel);
            FirstByte first = new FirstByte(channel, kind -> begin(channel, kind));
            eventLoop.register(first).addListener((FutureListener<IoRegistration>) registered -> {
                if (registered.isSuccess()) {
                    registered.getNow().submit(EpollIoOps.EPOLLIN);
                } else {
                    begin(channel, -1);
                }
            });
        }

        /** No more descriptors, for one: not at once again, or it would be all that this thread does. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            log.atWarn().setCause(cause).log("the region socket takes no connections for a second");
            ChannelConfig config = context.channel().config();
            config.setAutoRead(false);
            var _ = context.executor().schedule(() -> config.setAutoRead(true), 1, TimeUnit.SECONDS);
        }
    }

    private void begin(EpollDomainSocketChannel channel, int kind) {
        silent.remove(channel);
        if (kind < 0) {
            channel.unsafe().closeForcibly();
            return;
        }
        // A client that closes its side still waits for ours: the fence.
        channel.config()
                .setAllowHalfClosure(true)
                .setReadMode(
                        kind == GpuHandover.KIND ? DomainSocketReadMode.BYTES : DomainSocketReadMode.FILE_DESCRIPTORS)
                // So that the mode can be changed behind the first descriptor.
                .setRecvByteBufAllocator(new FixedRecvByteBufAllocator(READ_BYTES).maxMessagesPerRead(1));
        channel.pipeline().addLast(new RegionConnection(regions, gpus, allowedUids));
        channels.add(channel);
        var _ = register(channel);
    }

    /**
     * Ends every region, and waits until nothing is under way in any. A device that hangs is not waited for: the end of
     * the process is then what clients see, and it too comes only after the last read and write.
     */
    @Override
    public void close() {
        listening.ifPresent(server -> server.close().awaitUninterruptibly());
        eventLoop.submit(this::stop).awaitUninterruptibly();
        if (!channels.newCloseFuture().awaitUninterruptibly(QUIET_SECONDS_MAX, TimeUnit.SECONDS)) {
            log.atWarn()
                    .addKeyValue("regions", channels.size())
                    .addKeyValue("seconds", QUIET_SECONDS_MAX)
                    .log("reads or writes in regions have not ended");
            return;
        }
        eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** As a group, because the kind of group that knows epoll would rather have a promise. */
    private ChannelFuture register(Channel channel) {
        EventLoopGroup group = eventLoop;
        return group.register(channel);
    }

    private void stop() {
        silent.forEach(channel -> channel.unsafe().closeForcibly());
        channels.forEach(channel -> channel.pipeline().fireUserEventTriggered(Event.STOPPING));
    }
}
