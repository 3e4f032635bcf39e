package kvstore.server.grpc;

import io.grpc.Attributes;
import io.grpc.ServerCredentials;
import io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.ProtocolNegotiationEvent;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.util.AsciiString;
import java.io.IOException;

/**
 * Adds to each connection of a Unix socket the user at its other end, as the kernel knows it. gRPC shows calls neither the
 * socket nor anything of it but an address, which Unix sockets of clients have none of; so this is done where gRPC lets its
 * TLS and ALTS do the like.
 */
final class LocalPeers implements InternalProtocolNegotiator.ProtocolNegotiator {
    /** The number of the user. */
    static final Attributes.Key<Integer> UID = Attributes.Key.create("kvstore.uid");

    private final InternalProtocolNegotiator.ProtocolNegotiator plain = InternalProtocolNegotiators.serverPlaintext();

    private LocalPeers() {}

    /** For a server on a Unix socket. */
    static ServerCredentials credentials() {
        return InternalNettyServerCredentials.create(new LocalPeers());
    }

    @Override
    public AsciiString scheme() {
        return plain.scheme();
    }

    @Override
    public ChannelHandler newHandler(GrpcHttp2ConnectionHandler connection) {
        ChannelHandler next = plain.newHandler(connection);
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext context, Object event) throws IOException {
                if (!(event instanceof ProtocolNegotiationEvent begin)) {
                    context.fireUserEventTriggered(event);
                    return;
                }
                int uid = ((EpollDomainSocketChannel) context.channel())
                        .peerCredentials()
                        .uid();
                Attributes attributes = InternalProtocolNegotiationEvent.getAttributes(begin).toBuilder()
                        .set(UID, uid)
                        .build();
                context.pipeline().replace(this, null, next);
                context.fireUserEventTriggered(InternalProtocolNegotiationEvent.withAttributes(begin, attributes));
            }
        };
    }

    @Override
    public void close() {
        plain.close();
    }
}
