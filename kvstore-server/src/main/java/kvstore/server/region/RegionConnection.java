package kvstore.server.region;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.PeerCredentials;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import kvstore.api.IoFailure;
import kvstore.lustre.SharedMemory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection of the region socket: takes one descriptor, and holds its region until the client closes its side. */
final class RegionConnection extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(RegionConnection.class);

    private static final byte TAKEN = 0;
    private static final byte REFUSED = 1;

    private final Regions regions;
    private final Set<Integer> allowedUids;
    private Regions.@Nullable Ticket ticket;

    RegionConnection(Regions regions, Set<Integer> allowedUids) {
        this.regions = regions;
        this.allowedUids = allowedUids;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws IOException {
        if (!(message instanceof FileDescriptor descriptor)) {
            ReferenceCountUtil.release(message);
            log.atWarn().log("a region's connection brought more than one descriptor, and ends");
            giveUp(context);
            return;
        }
        // What comes now is the end of the stream. In the other mode Netty would answer it by closing our side too,
        // which
        // is ours to do when the memory is quiet.
        EpollDomainSocketChannel channel = (EpollDomainSocketChannel) context.channel();
        channel.config().setReadMode(DomainSocketReadMode.BYTES);
        PeerCredentials peer = channel.peerCredentials();
        if (!allowedUids.contains(peer.uid())) {
            descriptor.close();
            refuse(context, "user " + peer.uid() + " may not register memory: see region.allowed-uids of the daemon");
            return;
        }
        take(context, descriptor.intValue(), peer);
    }

    private void take(ChannelHandlerContext context, int fd, PeerCredentials peer) {
        SharedMemory memory;
        try {
            memory = SharedMemory.map(fd);
        } catch (IoFailure e) {
            refuse(context, String.valueOf(e.getMessage()));
            return;
        }
        Optional<Regions.Ticket> added = regions.add(memory);
        if (added.isEmpty()) {
            memory.close();
            refuse(context, "there are " + regions.countMax() + " regions already: see region.max-count of the daemon");
            return;
        }
        ticket = added.get();
        log.atInfo()
                .addKeyValue("pid", peer.pid())
                .addKeyValue("uid", peer.uid())
                .addKeyValue("bytes", memory.sizeBytes())
                .addKeyValue("sealed", memory.sealed())
                .log("region registered");
        var _ = context.writeAndFlush(Unpooled.wrappedBuffer(
                Unpooled.wrappedBuffer(new byte[] {TAKEN}),
                Unpooled.wrappedBuffer(ticket.bytes().duplicate())));
    }

    private static void refuse(ChannelHandlerContext context, String why) {
        log.atWarn().addKeyValue("reason", why).log("region refused");
        var _ = context.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {REFUSED}, why.getBytes(UTF_8)))
                .addListener(ChannelFutureListener.CLOSE);
    }

    /** The client has closed its side, or the daemon stops. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent || event == RegionDoor.Event.STOPPING) {
            giveUp(context);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        giveUp(context);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        log.atDebug().setCause(cause).log("a region's connection broke");
        giveUp(context);
    }

    /** Closes the connection once nothing reads or writes the memory any more: that is what the client waits for. */
    private void giveUp(ChannelHandlerContext context) {
        if (ticket == null) {
            close(context);
        } else {
            regions.giveUp(ticket, () -> close(context));
        }
    }

    private static void close(ChannelHandlerContext context) {
        var _ = context.close();
    }
}
