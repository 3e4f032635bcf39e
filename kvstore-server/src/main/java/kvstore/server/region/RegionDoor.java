package kvstore.server.region;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
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

    /** Nothing is expected behind the descriptor. */
    private static final int READ_BYTES = 64;

    private final Set<PosixFilePermission> mode;
    private final Set<Integer> allowedUids;
    private final Regions regions;
    private final EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private Optional<Channel> listening = Optional.empty();

    /**
     * Nothing listens before {@link #open}.
     *
     * @param mode of the socket's file
     */
    public RegionDoor(RegionConfig config, Set<PosixFilePermission> mode, Regions regions) throws IOException {
        this.mode = mode;
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
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(eventLoop)
                .channel(EpollServerDomainSocketChannel.class)
                // A client that closes its side still waits for ours: the fence.
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(EpollChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS)
                // So that the mode can be changed behind the first descriptor.
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator(READ_BYTES).maxMessagesPerRead(1))
                .childHandler(new ChannelInitializer<EpollDomainSocketChannel>() {
                    @Override
                    protected void initChannel(EpollDomainSocketChannel channel) {
                        channels.add(channel);
                        channel.pipeline().addLast(new RegionConnection(regions, allowedUids));
                    }
                });
        try {
            listening = Optional.of(bootstrap
                    .bind(new DomainSocketAddress(path.toFile()))
                    .sync()
                    .channel());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while binding region.socket " + path, e);
        } catch (Exception e) {
            throw new IOException("region.socket: cannot listen on " + path + " (" + e.getMessage() + ")", e);
        }
        UnixSocket.permit(path, mode);
    }

    /**
     * Ends every region, and waits until nothing is under way in any. A device that hangs is not waited for: the end of
     * the process is then what clients see, and it too comes only after the last read and write.
     */
    @Override
    public void close() {
        listening.ifPresent(server -> server.close().awaitUninterruptibly());
        channels.forEach(channel -> channel.pipeline().fireUserEventTriggered(Event.STOPPING));
        if (!channels.newCloseFuture().awaitUninterruptibly(QUIET_SECONDS_MAX, TimeUnit.SECONDS)) {
            log.atWarn()
                    .addKeyValue("regions", channels.size())
                    .addKeyValue("seconds", QUIET_SECONDS_MAX)
                    .log("reads or writes in regions have not ended");
            return;
        }
        eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
