package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that begin something on each TCP port and never go on. They wait side by side, because the admin port takes 10 s. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class SlowClientsTest {
    private static final int LIMIT_MILLIS = 40_000;

    @TempDir
    private Path directory;

    @Test
    void whoStopsInTheMiddleIsCutOffOnEveryPort() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try (DaemonUnderTest daemon = DaemonUnderTest.start(
                directory, "grpc.stall-timeout=500ms", "resp.listen=127.0.0.1:0", "lm.listen=127.0.0.1:0")) {
            slow.add(begin(daemon.tcpAddress(), ""));
            slow.add(begin(daemon.tcpAddress(), "PRI * HTT"));
            slow.add(begin(daemon.respAddress(), "*2\r\n$3\r\nGE"));
            slow.add(begin(daemon.respAddress(), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\nabc"));
            slow.add(begin(daemon.lm(), "\3\0\0\0\0\0"));
            slow.add(begin(daemon.adminAddress(), "GET /metrics HTTP/1.1\r\nHost: "));

            for (Socket socket : slow) {
                assertEnds(socket);
            }
            assertThat(daemon.http("/healthz").statusCode()).isEqualTo(200);
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    private static Socket begin(InetSocketAddress address, String bytes) throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(LIMIT_MILLIS);
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }

    /** Whatever is said before, and whether in peace or by a reset. */
    private static void assertEnds(Socket socket) throws IOException {
        try {
            assertThat(socket.getInputStream().readAllBytes()).hasSizeLessThan(1000);
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }
}
