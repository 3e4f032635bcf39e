package kvstore.server.service;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A real socket where datagrams arrive as they do at systemd's. */
public final class NotifySocket implements AutoCloseable {
    private static final int LIMIT_SECONDS = 30;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    private final Channel channel;

    /** @param path as in {@code NOTIFY_SOCKET}: one that begins with {@code @} is an abstract name */
    public NotifySocket(String path) {
        String name = path.startsWith("@") ? "\0" + path.substring(1) : path;
        channel = new Bootstrap()
                .group(loops)
                .channel(EpollDomainDatagramChannel.class)
                .handler(new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, DomainDatagramPacket packet) {
                        received.add(packet.content().toString(StandardCharsets.UTF_8));
                    }
                })
                .bind(new DomainSocketAddress(name))
                .syncUninterruptibly()
                .channel();
    }

    /** The next message. */
    String next() throws InterruptedException {
        String message = received.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (message == null) {
            throw new AssertionError("nothing came within " + LIMIT_SECONDS + " s");
        }
        return message;
    }

    /** Waits for a message that begins so; those before it are dropped. */
    public String await(String beginning) throws InterruptedException {
        while (true) {
            String message = next();
            if (message.startsWith(beginning)) {
                return message;
            }
        }
    }

    @Override
    public void close() {
        channel.close().syncUninterruptibly();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
