package kvstore.server.grpc;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import kvstore.server.tls.Certificates;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks at each call whether the certificate that a connection began with would still be let in: it may have ended since,
 * or the authorities may have changed. Costs two comparisons where nothing changed.
 */
final class CertificateCheck extends ServerTransportFilter implements ServerInterceptor {
    private static final Logger log = LoggerFactory.getLogger(CertificateCheck.class);
    private static final Attributes.Key<Peer> PEER = Attributes.Key.create("kvstore.certificate");

    private final Certificates certificates;

    CertificateCheck(Certificates certificates) {
        this.certificates = certificates;
    }

    /** The client's side of one connection. */
    private static final class Peer {
        private final List<X509Certificate> chain;
        private final long endMillis;

        /** Of the files that let it in; not those of the handshake, which may have changed since. */
        private volatile long trustedBy = -1;

        Peer(List<X509Certificate> chain) {
            this.chain = chain;
            this.endMillis = chain.stream()
                    .mapToLong(
                            certificate -> certificate.getNotAfter().toInstant().toEpochMilli())
                    .min()
                    .orElse(0);
        }

        boolean isTrusted(Certificates certificates) {
            long version = certificates.version();
            if (trustedBy != version && certificates.trusts(chain)) {
                trustedBy = version;
            }
            return trustedBy == version && System.currentTimeMillis() <= endMillis;
        }
    }

    @Override
    public Attributes transportReady(Attributes attributes) {
        SSLSession session = attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        if (session == null) {
            throw new IllegalStateException("a connection without TLS behind TLS");
        }
        try {
            Certificate[] shown = session.getPeerCertificates();
            List<X509Certificate> chain =
                    Arrays.stream(shown).map(X509Certificate.class::cast).toList();
            return attributes.toBuilder().set(PEER, new Peer(chain)).build();
        } catch (SSLPeerUnverifiedException e) {
            throw new IllegalStateException("a client without a certificate came through the handshake", e);
        }
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Peer peer = call.getAttributes().get(PEER);
        if (peer != null && peer.isTrusted(certificates)) {
            return next.startCall(call, headers);
        }
        log.atInfo()
                .addKeyValue("peer", call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR))
                .log("a call is refused: its client's certificate has ended or its authority is no longer trusted");
        call.close(
                Status.UNAUTHENTICATED.withDescription(
                        "the client's certificate has ended or its authority is no longer in tls.client-ca"),
                new Metadata());
        return new ServerCall.Listener<>() {};
    }
}
