package kvstore.client;

import io.grpc.Status;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The connection that a region lives as long as: hands the memory over, and tells when the daemon has let go of it. The
 * handshake is in {@code docs/reference/regions.md}.
 */
final class RegionSocket extends SimpleChannelInboundHandler<ByteBuf> {
    private static final int TICKET_BYTES = 16;
    private static final byte TAKEN = 0;

    private final ByteArrayOutputStream answer = new ByteArrayOutputStream();
    private final CompletableFuture<byte[]> ticket = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Channel channel;

    private RegionSocket(EventLoopGroup eventLoops, Path socket) throws InterruptedException {
        channel = new Bootstrap()
                .group(eventLoops)
                .channel(EpollDomainSocketChannel.class)
                .handler(this)
                .connect(new DomainSocketAddress(socket.toFile()))
                .sync()
                .channel();
    }

    /**
     * Hands over a file of shared memory, which is open in this process for reading and writing.
     *
     * @throws IOException if the socket cannot be reached
     */
    static RegionSocket open(EventLoopGroup eventLoops, Path socket, Path file)
            throws IOException, InterruptedException {
        RegionSocket opened = new RegionSocket(eventLoops, socket);
        // Not closed here: the descriptor belongs to whoever opened the file.
        opened.channel.writeAndFlush(new FileDescriptor(descriptorOf(file))).sync();
        return opened;
    }

    /** Java does not tell the number of a file it has opened, but the kernel does. */
    private static int descriptorOf(Path file) throws IOException {
        try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path link : open) {
                if (Files.exists(link) && Files.isSameFile(link, file)) {
                    return Integer.parseInt(link.getFileName().toString());
                }
            }
        }
        throw new IOException(file + " is not open in this process");
    }

    /** What RegisterRegion wants to see. */
    byte[] ticket(long timeoutMillis) throws InterruptedException {
        try {
            return ticket.get(timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new KvStoreException(Status.Code.PERMISSION_DENIED, String.valueOf(e.getMessage()), e);
        } catch (TimeoutException e) {
            throw new KvStoreException(Status.Code.DEADLINE_EXCEEDED, "the region socket gave no answer", e);
        }
    }

    /** Gives the region up. Completes when the daemon touches its memory no more. */
    CompletableFuture<Void> fence() {
        var _ = ((EpollDomainSocketChannel) channel).shutdownOutput();
        return ended;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) throws IOException {
        bytes.readBytes(answer, bytes.readableBytes());
        byte[] all = answer.toByteArray();
        if (all[0] == TAKEN && all.length == 1 + TICKET_BYTES) {
            ticket.complete(Arrays.copyOfRange(all, 1, all.length));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        byte[] all = answer.toByteArray();
        String why = all.length > 1 ? new String(all, 1, all.length - 1, StandardCharsets.UTF_8) : "no answer";
        ticket.completeExceptionally(new IOException("the daemon does not share this memory: " + why));
        ended.complete(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        var _ = context.close();
    }
}
