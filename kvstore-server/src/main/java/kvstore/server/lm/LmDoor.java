package kvstore.server.lm;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import kvstore.server.config.LmConfig;
import kvstore.server.identity.Access;
import kvstore.server.net.TcpDoor;
import kvstore.server.transfer.Transfers;

/** The door for {@code lm://}. LMCache reads a reply with one recv: a header is one write, with TCP_NODELAY. */
public final class LmDoor implements AutoCloseable, TcpDoor.Protocol {
    private final LmConfig config;
    private final LmServices services;
    private final TcpDoor door;

    /**
     * Nothing listens before {@link #open}.
     *
     * @param leaseMax the longest lease
     */
    public LmDoor(LmConfig config, Access access, Transfers transfers, Duration leaseMax) {
        this.config = config;
        long leaseMillis = Math.min(config.leaseDuration().toMillis(), leaseMax.toMillis());
        this.services = new LmServices(access, transfers, transfers.metrics().lm(), leaseMillis);
        this.door = new TcpDoor("lm", config.eventLoopThreads(), config.maxConnections(), this);
    }

    /**
     * Listens on {@code lm.listen}.
     *
     * @throws IOException if the address cannot be bound; says which, and what helps
     */
    public void open() throws IOException {
        door.open(config.listen().orElseThrow());
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
        bootstrap.childOption(ChannelOption.AUTO_READ, false);
    }

    @Override
    public void accept(Channel channel) {
        services.meters().opened();
        channel.pipeline().addLast(new LmConnection(services, String.valueOf(channel.remoteAddress())));
    }

    @Override
    public void refuse(Channel channel) {
        services.meters().refused();
        var _ = channel.close();
    }

    @Override
    public void closed() {
        services.meters().closed();
    }

    /** Takes no more clients; requests under way may end within {@code timeout}, then all connections are closed. */
    public void drain(Duration timeout) {
        door.drain(timeout);
    }

    @Override
    public void close() {
        door.close();
    }
}
