package kvstore.server.tls;

import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import kvstore.server.config.TlsConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's certificate and the authorities of its clients' ones, as the files say now. New ones hold for connections
 * that begin, and for the next call of those that exist; files with a mistake change nothing. Thread-safe.
 */
public final class Certificates implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Certificates.class);

    private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
    private final AdvancedTlsX509TrustManager authorities;
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("kvstore-certificates").daemon().factory());
    private final AtomicLong loaded = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    private TlsConfig config;
    private volatile CertificateFiles.Content content;

    /** Changed behind {@link #content}, and read before it. */
    private volatile long version;

    private CertificateFiles seen;
    private String mistake = "";

    private Certificates(TlsConfig config) throws IOException {
        this.config = config;
        try {
            authorities = AdvancedTlsX509TrustManager.newBuilder()
                    // clients have no host name
                    .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
                    .build();
        } catch (CertificateException e) {
            throw new IOException("tls.client-ca: this Java checks no certificates: " + e.getMessage(), e);
        }
        seen = CertificateFiles.read(config);
        content = seen.understand();
        use(content);
    }

    /**
     * Reads the files and looks at them again from time to time.
     *
     * @throws IOException if one of them is of no use, naming key, file and cure
     */
    public static Certificates open(TlsConfig config) throws IOException {
        Certificates certificates = new Certificates(config);
        certificates.warnOfReaders();
        long nanos = config.reloadInterval().toNanos();
        var _ = certificates.looks.scheduleWithFixedDelay(
                () -> certificates.reload(certificates.config()), nanos, nanos, TimeUnit.NANOSECONDS);
        return certificates;
    }

    /** For gRPC: TLS 1.3 and a certificate of the client, always. */
    public SslContext grpcContext() throws IOException {
        SslContextBuilder builder = SslContextBuilder.forServer(keys)
                .trustManager(authorities)
                .clientAuth(ClientAuth.REQUIRE)
                .protocols("TLSv1.3");
        return GrpcSslContexts.configure(builder, SslProvider.JDK).build();
    }

    /** Looks at the files of {@code now}, which replace those before. A mistake in them is logged once and changes nothing. */
    public synchronized void reload(TlsConfig now) {
        try {
            CertificateFiles files = CertificateFiles.read(now);
            if (mistake.isEmpty() && files.isSame(seen)) {
                config = now;
                return;
            }
            CertificateFiles.Content next = files.understand();
            boolean changed = !files.isSame(seen);
            use(next);
            content = next;
            version++;
            seen = files;
            config = now;
            mistake = "";
            if (changed) {
                loaded.incrementAndGet();
                warnOfReaders();
                log.atInfo()
                        .addKeyValue("file", now.certificate())
                        .addKeyValue(
                                "serial",
                                next.chain().getFirst().getSerialNumber().toString(16))
                        .addKeyValue("expires", next.expiry())
                        .addKeyValue(
                                "client_authorities", next.clientAuthorities().size())
                        .log("certificates were read again");
            }
        } catch (IOException e) {
            refuse(String.valueOf(e.getMessage()));
        }
    }

    private void refuse(String why) {
        if (!why.equals(mistake)) {
            mistake = why;
            refused.incrementAndGet();
            log.atError().addKeyValue("problem", why).log("certificates are wrong; those before stay in use");
        }
    }

    private void use(CertificateFiles.Content next) throws IOException {
        try {
            authorities.updateTrustCredentials(next.authoritiesArray());
        } catch (GeneralSecurityException e) {
            throw new IOException("tls.client-ca: cannot be used: " + e.getMessage(), e);
        }
        keys.updateIdentityCredentials(next.chainArray(), next.key());
    }

    /** Of the files in use: a verdict of {@link #trusts} holds while it stays the same. */
    public long version() {
        return version;
    }

    /** Whether a client that shows these certificates would be let in now. */
    public boolean trusts(List<X509Certificate> chain) {
        try {
            content.clients()
                    .checkClientTrusted(
                            chain.toArray(X509Certificate[]::new),
                            chain.getFirst().getPublicKey().getAlgorithm());
            return true;
        } catch (CertificateException _) {
            return false;
        }
    }

    /** When the daemon's certificate ends. */
    public Instant expiry() {
        return content.expiry();
    }

    /** How often new files were taken into use. */
    public long loaded() {
        return loaded.get();
    }

    /** How often new files had a mistake. */
    public long refused() {
        return refused.get();
    }

    /** What is wrong with the files that lie there now; null if they are in use. */
    public synchronized @Nullable String mistake() {
        return mistake.isEmpty() ? null : mistake;
    }

    private synchronized TlsConfig config() {
        return config;
    }

    private void warnOfReaders() {
        Path key = config().key();
        try {
            if (Files.getPosixFilePermissions(key).contains(PosixFilePermission.OTHERS_READ)) {
                log.atWarn().addKeyValue("file", key).log("every user of this machine can read tls.key; chmod o-rwx");
            }
        } catch (IOException | UnsupportedOperationException _) {
            // it was read a moment ago; what is there now is seen at the next look
        }
    }

    /** Looks at the files no more. */
    @Override
    public void close() {
        looks.shutdownNow();
    }
}
