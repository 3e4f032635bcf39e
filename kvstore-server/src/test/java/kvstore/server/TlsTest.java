package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import kvstore.api.ChunkKey;
import kvstore.client.ClientOptions;
import kvstore.client.KvStoreClient;
import kvstore.client.KvStoreException;
import kvstore.client.Target;
import kvstore.client.TlsFiles;
import kvstore.server.testing.Authority;
import kvstore.server.testing.Authority.Issued;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who gets through the gRPC door where it has TLS, and who does not any more. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class TlsTest {
    private static final String NAME = "localhost";

    @TempDir
    private Path directory;

    private final List<KvStoreClient> clients = new ArrayList<>();
    private Authority authority;
    private Authority stranger;
    private Issued own;
    private Path clientCa;
    private DaemonUnderTest daemon;

    @BeforeEach
    void start() throws StartException {
        authority = Authority.make(directory.resolve("authority"), "authority");
        stranger = Authority.make(directory.resolve("stranger"), "stranger");
        own = authority.issue("daemon", builder -> builder.addSanDnsName(NAME));
        clientCa = Authority.write(directory.resolve("clients.crt"), authority.pem());
        daemon = DaemonUnderTest.start(
                directory.resolve("pool"),
                "tls.certificate=" + own.certificate(),
                "tls.key=" + own.key(),
                "tls.client-ca=" + clientCa,
                // only when it is told to, so that a test knows when
                "tls.reload-interval=1h",
                "grpc.stall-timeout=500ms");
    }

    @AfterEach
    void stop() {
        clients.forEach(KvStoreClient::close);
        daemon.close();
    }

    @Test
    void whoHasACertificateOfTheAuthorityGetsIn() {
        assertThat(connect(authority.client(authority.issue("client"))).hello().getNode())
                .isEqualTo("test");
        assertThat(connectLocally().hello().getNode()).isEqualTo("test");
    }

    @Test
    void whoHasNoneOrAWrongOneDoesNot() {
        TlsFiles withoutOwn = new TlsFiles(authority.file(), Optional.empty(), "");
        Issued strangers = stranger.issue("client");
        TlsFiles wrong = new TlsFiles(
                authority.file(), Optional.of(new TlsFiles.Identity(strangers.certificate(), strangers.key())), "");

        assertRefused(connect(withoutOwn));
        assertRefused(connect(wrong));
        assertRefused(connect(authority.client(authority.issueExpired("old"))));
        assertRefused(remember(KvStoreClient.connect(target(), options())));
    }

    @Test
    void clientRefusesADaemonThatIsNotTheOne() {
        Issued client = authority.issue("client");
        TlsFiles otherAuthority = new TlsFiles(
                stranger.file(), Optional.of(new TlsFiles.Identity(client.certificate(), client.key())), "");
        TlsFiles otherName = new TlsFiles(
                authority.file(),
                Optional.of(new TlsFiles.Identity(client.certificate(), client.key())),
                "another.example");

        assertRefused(connect(otherAuthority));
        assertRefused(connect(otherName));
    }

    @Test
    void onlyNewestTlsIsSpoken() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {Trusting.ALL}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket(
                        InetAddress.getLoopbackAddress(), daemon.tcpAddress().getPort())) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});

            assertThatThrownBy(socket::startHandshake).isInstanceOf(IOException.class);
        }
    }

    @Test
    void revokedByReload() {
        KvStoreClient connected = connect(authority.client(authority.issue("client")));
        assertThat(connected.hello().getNode()).isEqualTo("test");

        Authority.write(clientCa, stranger.pem());
        daemon.reload();

        assertThatThrownBy(connected::hello)
                .isInstanceOfSatisfying(
                        KvStoreException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.UNAUTHENTICATED));
        assertThatThrownBy(() -> connected.lookup(List.of(ChunkKey.of("key")), Duration.ZERO))
                .hasMessageContaining("tls.client-ca");
        assertRefused(connect(authority.client(authority.issue("another"))));
        assertThat(daemon.metric("kvstore_tls_reloads_total")).isEqualTo(1);
    }

    @Test
    void certificateThatEndsIsRefusedFromTheNextCallOn() throws Exception {
        Instant end = Instant.now().plusSeconds(2);
        Issued brief = authority.issue(
                "brief", builder -> builder.addSanDnsName("brief").notAfter(end));
        KvStoreClient connected = connect(authority.client(brief));
        assertThat(connected.hello().getNode()).isEqualTo("test");

        Await.until(() -> Instant.now().isAfter(end.plusSeconds(1)));

        assertThatThrownBy(connected::hello).hasMessageContaining("has ended");
    }

    @Test
    void newCertificateIsTakenWithoutARestart() throws Exception {
        KvStoreClient before = connect(authority.client(authority.issue("client")));
        assertThat(before.hello().getNode()).isEqualTo("test");

        Issued next = stranger.issue("next", builder -> builder.addSanDnsName(NAME));
        daemon.reload("tls.certificate=" + next.certificate(), "tls.key=" + next.key());

        Issued client = authority.issue("client");
        TlsFiles trustingNext = new TlsFiles(
                stranger.file(), Optional.of(new TlsFiles.Identity(client.certificate(), client.key())), "");
        assertThat(connect(trustingNext).hello().getNode()).isEqualTo("test");
        assertThat(before.hello().getNode()).isEqualTo("test");
    }

    @Test
    void badFileKeepsTheOldOne() throws Exception {
        String good = Files.readString(own.certificate());
        double expiry = daemon.metric("kvstore_tls_certificate_expiry_timestamp_seconds");
        assertThat(expiry).isBetween(now() + 23 * 3600, now() + 25 * 3600);

        Authority.write(own.certificate(), "half a cert");
        daemon.reload();
        daemon.reload();

        assertThat(connect(authority.client(authority.issue("client"))).hello().getNode())
                .isEqualTo("test");
        assertThat(daemon.metric("kvstore_tls_files_refused")).isEqualTo(1);
        assertThat(daemon.metric("kvstore_tls_reloads_total")).isEqualTo(1);
        assertThat(daemon.metric("kvstore_tls_certificate_expiry_timestamp_seconds"))
                .isEqualTo(expiry);

        Authority.write(own.certificate(), good);
        daemon.reload();

        assertThat(daemon.metric("kvstore_tls_files_refused")).isZero();
    }

    @Test
    void handshakeThatNeverEndsIsCutOff() throws Exception {
        byte[] clientHelloThatStops = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01};
        try (Socket silent = open();
                Socket begun = open()) {
            OutputStream out = begun.getOutputStream();
            out.write(clientHelloThatStops);

            assertThat(silent.getInputStream().read()).isEqualTo(-1);
            assertThat(begun.getInputStream().readAllBytes()).hasSizeLessThan(100);
        }
        assertThat(connect(authority.client(authority.issue("client"))).hello().getNode())
                .isEqualTo("test");
    }

    private Socket open() throws IOException {
        Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), daemon.tcpAddress().getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static double now() {
        return System.currentTimeMillis() / 1e3;
    }

    private static void assertRefused(KvStoreClient client) {
        assertThatThrownBy(client::hello)
                .isInstanceOfSatisfying(
                        KvStoreException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.UNAVAILABLE));
    }

    private KvStoreClient connect(TlsFiles files) {
        return remember(KvStoreClient.connect(target(), options().withTls(files)));
    }

    private KvStoreClient connectLocally() {
        return remember(KvStoreClient.connect(daemon.target(), options()));
    }

    private KvStoreClient remember(KvStoreClient client) {
        clients.add(client);
        return client;
    }

    private Target target() {
        return new Target.Tcp(NAME, daemon.tcpAddress().getPort());
    }

    private static ClientOptions options() {
        return ClientOptions.defaults().withTimeout(Duration.ofSeconds(10)).withTransferConnections(1);
    }
}
