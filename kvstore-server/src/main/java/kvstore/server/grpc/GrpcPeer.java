package kvstore.server.grpc;

import io.grpc.Attributes;
import io.grpc.Grpc;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import kvstore.server.identity.Caller;
import kvstore.server.tls.Certificates;

/** The other end of one connection, as it proved itself when it connected. */
final class GrpcPeer {
    /** The kinds of names in a certificate that are identities, by their number in X.509. */
    private static final int EMAIL = 1;

    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int IP = 7;

    private final Caller caller;
    private final List<X509Certificate> chain;
    private final long endMillis;

    /** Of the files that let it in; not those of the handshake, which may have changed since. */
    private volatile long trustedBy = -1;

    private GrpcPeer(Caller caller, List<X509Certificate> chain) {
        this.caller = caller;
        this.chain = chain;
        this.endMillis = chain.stream()
                .mapToLong(certificate -> certificate.getNotAfter().toInstant().toEpochMilli())
                .min()
                .orElse(Long.MAX_VALUE);
    }

    /** Of a connection whose handshakes have ended. */
    static GrpcPeer of(Attributes connection) {
        SSLSession session = connection.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        Integer uid = connection.get(LocalPeers.UID);
        if (session != null) {
            return certified(session);
        }
        return new GrpcPeer(uid == null ? Caller.ANONYMOUS : new Caller.LocalUser(uid), List.of());
    }

    private static GrpcPeer certified(SSLSession session) {
        try {
            Certificate[] shown = session.getPeerCertificates();
            List<X509Certificate> chain =
                    Arrays.stream(shown).map(X509Certificate.class::cast).toList();
            return new GrpcPeer(new Caller.Certified(names(chain.getFirst())), chain);
        } catch (SSLPeerUnverifiedException e) {
            throw new IllegalStateException("a client without a certificate came through the handshake", e);
        }
    }

    private static List<String> names(X509Certificate certificate) {
        List<String> names = new ArrayList<>();
        try {
            Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
            if (alternatives == null) {
                return names;
            }
            for (List<?> alternative : alternatives) {
                String kind = switch ((Integer) alternative.get(0)) {
                    case EMAIL -> "email:";
                    case DNS -> "dns:";
                    case URI -> "uri:";
                    case IP -> "ip:";
                    default -> "";
                };
                if (!kind.isEmpty()) {
                    names.add(kind + alternative.get(1));
                }
            }
        } catch (CertificateParsingException _) {
            names.clear(); // what cannot be read names nobody
        }
        return names;
    }

    Caller caller() {
        return caller;
    }

    /** Whether its certificate would be let in now; true of a connection without one. Two comparisons if nothing changed. */
    boolean isTrusted(Certificates certificates) {
        long version = certificates.version();
        if (trustedBy != version && !chain.isEmpty() && certificates.trusts(chain)) {
            trustedBy = version;
        }
        return chain.isEmpty() || (trustedBy == version && System.currentTimeMillis() <= endMillis);
    }
}
