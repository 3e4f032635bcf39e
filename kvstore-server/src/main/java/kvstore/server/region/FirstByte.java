package kvstore.server.region;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.unix.FileDescriptor;
import java.util.function.IntConsumer;
import kvstore.lustre.SocketPeek;

/**
 * Waits for the first byte of a connection that no event loop has yet, and leaves it there: it says whether a descriptor
 * comes with it, and Netty must know that before it reads.
 */
final class FirstByte implements EpollIoHandle {
    private final EpollDomainSocketChannel channel;
    private final IntConsumer then;

    /** @param then is told the byte, or -1 if the client has gone; runs on the event loop, which has let go of the socket */
    FirstByte(EpollDomainSocketChannel channel, IntConsumer then) {
        this.channel = channel;
        this.then = then;
    }

    @Override
    public FileDescriptor fd() {
        return channel.fd();
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
        if (registration.cancel()) {
            then.accept(SocketPeek.firstByte(channel.fd().intValue()));
        }
    }

    /** The event loop ends. */
    @Override
    public void close() {
        channel.unsafe().closeForcibly();
    }
}
