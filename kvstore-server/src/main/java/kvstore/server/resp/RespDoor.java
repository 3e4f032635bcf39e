package kvstore.server.resp;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.redis.RedisEncoder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.server.config.RespConfig;
import kvstore.server.identity.Access;
import kvstore.server.net.TcpDoor;
import kvstore.server.transfer.Transfers;

/** The door for Redis clients. */
public final class RespDoor implements AutoCloseable, TcpDoor.Protocol {
    /** Answers that a client may leave unread before no more of its commands are taken. */
    private static final WriteBufferWaterMark UNREAD = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private final RespServices services;
    private final TcpDoor door;
    private final AtomicLong lastId = new AtomicLong();

    /**
     * Nothing listens before {@link #open}.
     *
     * @param version of this daemon
     */
    public RespDoor(RespConfig config, Access access, Transfers transfers, String version) {
        this.services = new RespServices(
                config,
                access,
                transfers,
                transfers.metrics().resp(),
                new Expiries(transfers.store(), config.maxExpiries()),
                version);
        this.door = new TcpDoor("resp", config.eventLoopThreads(), config.maxConnections(), this);
    }

    /**
     * Listens on {@code resp.listen}.
     *
     * @throws IOException if the address cannot be bound; says which, and what helps
     */
    public void open() throws IOException {
        door.open(services.config().listen().orElseThrow());
    }

    /** Where it listens, with the port that was chosen if 0 was asked for. */
    public Optional<InetSocketAddress> address() {
        return door.address();
    }

    /** The event loops, which must never stand still. */
    public Iterable<? extends Executor> eventLoops() {
        return door.eventLoops();
    }

    @Override
    public void configure(ServerBootstrap bootstrap) {
        bootstrap.childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNREAD);
    }

    @Override
    public void accept(Channel channel) {
        services.meters().opened();
        String host = ((InetSocketAddress) channel.remoteAddress()).getAddress().getHostAddress();
        channel.pipeline()
                .addLast(new RedisEncoder())
                .addLast(new RespConnection(services, new Session(lastId.incrementAndGet(), "resp:" + host)));
    }

    @Override
    public void refuse(Channel channel) {
        services.meters().refused();
        var _ = channel.writeAndFlush(
                        Unpooled.copiedBuffer("-ERR max number of clients reached\r\n", StandardCharsets.US_ASCII))
                .addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void closed() {
        services.meters().closed();
    }

    /** Takes no more clients; commands under way may end within {@code timeout}, then all connections are closed. */
    public void drain(Duration timeout) {
        door.drain(timeout);
    }

    @Override
    public void close() {
        door.close();
        services.expiries().close();
    }
}
