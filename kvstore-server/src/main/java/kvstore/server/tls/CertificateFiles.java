package kvstore.server.tls;

import io.grpc.util.CertificateUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import kvstore.server.config.TlsConfig;

/** What the three files of {@code tls} hold at one moment. No message here has a byte of what a file holds. */
final class CertificateFiles {
    /** A hundred times what a chain of certificates needs; a path may also name a device that never ends. */
    private static final int MAX_BYTES = 1 << 20;

    private final TlsConfig config;
    private final byte[] certificate;
    private final byte[] key;
    private final byte[] clientCa;

    private CertificateFiles(TlsConfig config, byte[] certificate, byte[] key, byte[] clientCa) {
        this.config = config;
        this.certificate = certificate;
        this.key = key;
        this.clientCa = clientCa;
    }

    /**
     * What the files say, understood and found to be of use.
     *
     * @param chain the daemon's own certificate first
     * @param clientAuthorities who signs clients' certificates
     * @param clients lets in whom they have signed
     */
    record Content(
            List<X509Certificate> chain,
            PrivateKey key,
            List<X509Certificate> clientAuthorities,
            X509TrustManager clients) {
        X509Certificate[] chainArray() {
            return chain.toArray(X509Certificate[]::new);
        }

        X509Certificate[] authoritiesArray() {
            return clientAuthorities.toArray(X509Certificate[]::new);
        }

        /** When the first certificate of the chain ends. */
        Instant expiry() {
            return chain.stream()
                    .map(certificate -> certificate.getNotAfter().toInstant())
                    .min(Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    /** @throws IOException if one cannot be read, naming key, file and cure */
    static CertificateFiles read(TlsConfig config) throws IOException {
        return new CertificateFiles(
                config,
                bytes("tls.certificate", config.certificate()),
                bytes("tls.key", config.key()),
                bytes("tls.client-ca", config.clientCa()));
    }

    boolean isSame(CertificateFiles other) {
        return Arrays.equals(certificate, other.certificate)
                && Arrays.equals(key, other.key)
                && Arrays.equals(clientCa, other.clientCa);
    }

    /** @throws IOException if they are of no use, naming key, file and cure */
    Content understand() throws IOException {
        List<X509Certificate> chain = certificates("tls.certificate", config.certificate(), certificate);
        List<X509Certificate> authorities = certificates("tls.client-ca", config.clientCa(), clientCa);
        PrivateKey privateKey = privateKey();
        X509Certificate own = chain.getFirst();
        if (!fits(privateKey, own)) {
            throw new IOException("tls.key: %s is not the key of tls.certificate %s: write both anew, the key first"
                    .formatted(config.key(), config.certificate()));
        }
        Content content = new Content(chain, privateKey, authorities, clients(authorities));
        if (content.expiry().isBefore(Instant.now())) {
            throw new IOException("tls.certificate: %s ended at %s: have it issued again"
                    .formatted(config.certificate(), content.expiry()));
        }
        return content;
    }

    private static byte[] bytes(String setting, Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new IOException("%s: %s has more than %d bytes, and is no PEM file of certificates"
                        .formatted(setting, file, MAX_BYTES));
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw new IOException("%s: there is no file %s".formatted(setting, file), e);
        }
    }

    private static List<X509Certificate> certificates(String setting, Path file, byte[] pem) throws IOException {
        try {
            List<X509Certificate> all = List.of(CertificateUtils.getX509Certificates(new ByteArrayInputStream(pem)));
            if (!all.isEmpty()) {
                return all;
            }
        } catch (CertificateException e) {
            throw new IOException("%s: %s holds no certificates in PEM".formatted(setting, file), e);
        }
        throw new IOException("%s: %s holds no certificates in PEM".formatted(setting, file));
    }

    private PrivateKey privateKey() throws IOException {
        try {
            return CertificateUtils.getPrivateKey(new ByteArrayInputStream(key));
        } catch (GeneralSecurityException | IOException | RuntimeException _) {
            // without the cause, whose message may quote the file
            throw new IOException(
                    "tls.key: %s holds no RSA or EC key as PKCS #8 without a password; openssl pkcs8 -topk8 -nodes makes one"
                            .formatted(config.key()));
        }
    }

    private static X509TrustManager clients(List<X509Certificate> authorities) throws IOException {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry(Integer.toString(i), authorities.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            return (X509TrustManager) factory.getTrustManagers()[0];
        } catch (GeneralSecurityException e) {
            throw new IOException("tls.client-ca: cannot be used: " + e.getMessage(), e);
        }
    }

    /** By signing something with the one and asking the other. */
    private static boolean fits(PrivateKey key, X509Certificate certificate) {
        String algorithm = "SHA256with" + (key.getAlgorithm().equals("EC") ? "ECDSA" : key.getAlgorithm());
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            return signature.verify(signed);
        } catch (GeneralSecurityException _) {
            return false;
        }
    }
}
