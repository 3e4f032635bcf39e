package kvstore.server.testing;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.UnaryOperator;
import kvstore.client.TlsFiles;

/** Signs certificates and writes them, and their keys, as PEM files. */
public final class Authority {
    private final Path directory;
    private final X509Bundle own;

    private Authority(Path directory, X509Bundle own) {
        this.directory = directory;
        this.own = own;
    }

    /** A certificate and its key. */
    public record Issued(Path certificate, Path key) {}

    /** A new one, whose files lie in {@code directory}. */
    public static Authority make(Path directory, String name) {
        try {
            X509Bundle own = new CertificateBuilder()
                    .ecp256()
                    .subject("CN=" + name)
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
            return new Authority(Files.createDirectories(directory), own);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** The file of its own certificate. */
    public Path file() {
        return write(directory.resolve("ca.crt"), own.getCertificatePEM());
    }

    /** Its own certificate, in PEM. */
    public String pem() {
        return own.getCertificatePEM();
    }

    /** A certificate for a DNS name, good for a day. */
    public Issued issue(String dnsName) {
        return issue(dnsName, builder -> builder.addSanDnsName(dnsName));
    }

    /** One that ended an hour ago. */
    public Issued issueExpired(String dnsName) {
        Instant now = Instant.now();
        return issue(
                dnsName,
                builder -> builder.addSanDnsName(dnsName)
                        .notBefore(now.minus(Duration.ofHours(2)))
                        .notAfter(now.minus(Duration.ofHours(1))));
    }

    /** One with whatever {@code with} puts into it. */
    public Issued issue(String name, UnaryOperator<CertificateBuilder> with) {
        try {
            Instant now = Instant.now();
            CertificateBuilder builder = new CertificateBuilder()
                    .ecp256()
                    .subject("CN=" + name)
                    .notBefore(now.minus(Duration.ofMinutes(5)))
                    .notAfter(now.plus(Duration.ofDays(1)));
            X509Bundle issued = with.apply(builder).buildIssuedBy(own);
            return new Issued(
                    write(directory.resolve(name + ".crt"), issued.getCertificatePathPEM()),
                    write(directory.resolve(name + ".key"), issued.getPrivateKeyPEM()));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** What a client of this authority's daemons needs that shows {@code identity}. */
    public TlsFiles client(Issued identity) {
        return new TlsFiles(file(), Optional.of(new TlsFiles.Identity(identity.certificate(), identity.key())), "");
    }

    /** In one step, as everybody should who replaces a certificate that is in use. */
    public static Path write(Path file, String text) {
        try {
            Path next = Files.writeString(file.resolveSibling(file.getFileName() + ".next"), text);
            return Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
