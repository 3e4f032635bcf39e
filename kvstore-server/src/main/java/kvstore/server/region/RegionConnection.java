package kvstore.server.region;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
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
import kvstore.api.Region;
import kvstore.lustre.SharedMemory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * One connection of the region socket: takes one piece of memory, and holds its region until the client closes its side.
 * Everything here runs on the event loop but the mapping of memory, for which a driver or the kernel may take its time.
 */
final class RegionConnection extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(RegionConnection.class);

    private static final byte TAKEN = 0;
    private static final byte REFUSED = 1;

    private final Regions regions;
    private final GpuAccess gpus;
    private final Set<Integer> allowedUids;
    private final ByteBuf message = Unpooled.buffer(GpuHandover.MESSAGE_BYTES);
    private boolean handedOver;
    private boolean mapping;
    private boolean ended;
    private @Nullable PeerCredentials peer;
    private Regions.@Nullable Ticket ticket;

    RegionConnection(Regions regions, GpuAccess gpus, Set<Integer> allowedUids) {
        this.regions = regions;
        this.gpus = gpus;
        this.allowedUids = allowedUids;
    }

    /** How a client's memory becomes a region. */
    private interface Mapper {
        Region map() throws IoFailure;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object read) throws IOException {
        if (handedOver) {
            ReferenceCountUtil.release(read);
            log.atWarn().log("a region's connection brought more than one piece of memory, and ends");
            giveUp(context);
        } else if (read instanceof FileDescriptor descriptor) {
            handedOver = true;
            // What comes now is the end of the stream. In the other mode Netty would answer it by closing our side too,
            // which is ours to do when the memory is quiet.
            ((EpollDomainSocketChannel) context.channel()).config().setReadMode(DomainSocketReadMode.BYTES);
            if (isAllowed(context)) {
                map(context, () -> SharedMemory.map(descriptor.intValue()));
            } else {
                descriptor.close();
            }
        } else if (read instanceof ByteBuf bytes) {
            gather(context, bytes);
        }
    }

    private void gather(ChannelHandlerContext context, ByteBuf bytes) throws IOException {
        try {
            if (bytes.readableBytes() > GpuHandover.MESSAGE_BYTES - message.readableBytes()) {
                handedOver = true;
                refuse(context, "a message about GPU memory has " + GpuHandover.MESSAGE_BYTES + " bytes, not more");
                return;
            }
            message.writeBytes(bytes);
        } finally {
            bytes.release();
        }
        if (message.readableBytes() == GpuHandover.MESSAGE_BYTES) {
            handedOver = true;
            if (isAllowed(context)) {
                GpuHandover handover = new GpuHandover(message);
                map(context, () -> gpus.map(handover));
            }
        }
    }

    private boolean isAllowed(ChannelHandlerContext context) throws IOException {
        PeerCredentials seen = ((EpollDomainSocketChannel) context.channel()).peerCredentials();
        if (allowedUids.contains(seen.uid())) {
            peer = seen;
            return true;
        }
        refuse(context, "user " + seen.uid() + " may not register memory: see region.allowed-uids of the daemon");
        return false;
    }

    private void map(ChannelHandlerContext context, Mapper mapper) {
        mapping = true;
        Thread.ofVirtual().name("region-begin").start(() -> {
            Region memory = null;
            String refusal = "";
            try {
                memory = mapper.map();
            } catch (IoFailure | RuntimeException e) {
                refusal = String.valueOf(e.getMessage());
            }
            Region mapped = memory;
            String why = refusal;
            context.executor().execute(() -> mapped(context, mapped, why));
        });
    }

    private void mapped(ChannelHandlerContext context, @Nullable Region memory, String why) {
        mapping = false;
        if (memory == null) {
            refuse(context, why);
        } else if (ended) {
            Regions.close(memory, () -> close(context));
        } else {
            take(context, memory);
        }
    }

    private void take(ChannelHandlerContext context, Region memory) {
        Optional<Regions.Ticket> added = regions.add(memory);
        if (added.isEmpty()) {
            Regions.close(memory, () -> {});
            refuse(context, "there are " + regions.countMax() + " regions already: see region.max-count of the daemon");
            return;
        }
        ticket = added.get();
        logAs("region registered", ticket.region());
        var _ = context.writeAndFlush(Unpooled.wrappedBuffer(
                Unpooled.wrappedBuffer(new byte[] {TAKEN}),
                Unpooled.wrappedBuffer(ticket.bytes().duplicate())));
    }

    private void logAs(String what, RegisteredRegion region) {
        LoggingEventBuilder event = log.atInfo()
                .addKeyValue("kind", region.kind().label())
                .addKeyValue("bytes", region.region().sizeBytes());
        if (peer != null) {
            event = event.addKeyValue("pid", peer.pid()).addKeyValue("uid", peer.uid());
        }
        if (region.region() instanceof SharedMemory shared) {
            event = event.addKeyValue("sealed", shared.sealed());
        }
        event.log(what);
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
        boolean first = !ended;
        ended = true;
        if (ticket != null) {
            if (first) {
                logAs("region given up", ticket.region());
                regions.giveUp(ticket, () -> close(context));
            }
        } else if (!mapping) {
            close(context);
        }
    }

    private static void close(ChannelHandlerContext context) {
        var _ = context.close();
    }
}
