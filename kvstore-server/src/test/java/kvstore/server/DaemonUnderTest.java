package kvstore.server;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import kvstore.api.IoEngine;
import kvstore.client.Target;
import kvstore.server.config.ConfigException;
import kvstore.server.config.ConfigValues;
import kvstore.server.config.DaemonConfig;

/** A real daemon in this process, on a real directory and real sockets. */
public final class DaemonUnderTest implements AutoCloseable {
    private Daemon daemon;
    private final Path unixSocket;
    private final List<String> settings;
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final MultiThreadIoEventLoopGroup eventLoops =
            new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    private DaemonUnderTest(Daemon daemon, Path unixSocket, List<String> settings) {
        this.daemon = daemon;
        this.settings = settings;
        this.unixSocket = unixSocket;
    }

    /** Small memory and segments, so that tests reach the limits; {@code sets} are {@code key=value} and win. */
    public static DaemonUnderTest start(Path directory, String... sets) throws StartException {
        return start(directory, UnaryOperator.identity(), sets);
    }

    /** The same with something between the store and its engine. */
    static DaemonUnderTest start(Path directory, UnaryOperator<IoEngine> between, String... sets)
            throws StartException {
        try {
            Path socketDirectory =
                    Files.createTempDirectory("kvs"); // short: the path of a socket has 108 bytes at most
            socketDirectory.toFile().deleteOnExit();
            Path socket = socketDirectory.resolve("s");
            List<String> all = new ArrayList<>(List.of(
                    "node=test",
                    "data.directory=" + directory,
                    "data.capacity=1GiB",
                    "data.segment-size=128MiB",
                    "data.max-value-size=64MiB",
                    "memory.slab-size=128MiB",
                    "grpc.listen=127.0.0.1:0",
                    "grpc.unix-socket=" + socket,
                    "admin.listen=127.0.0.1:0",
                    "shutdown.drain-timeout=2s"));
            all.addAll(List.of(sets));
            ConfigValues values = ConfigValues.load(Optional.empty(), Map.of(), all);
            return new DaemonUnderTest(Daemon.start(values.bind(), values.effective(), between), socket, all);
        } catch (IOException | ConfigException e) {
            throw new AssertionError(e);
        }
    }

    /** Stops it and starts another one on the same directory; ports change. */
    void restart() throws StartException {
        daemon.close();
        try {
            daemon = Daemon.start(DaemonConfig.load(Optional.empty(), Map.of(), settings));
        } catch (ConfigException e) {
            throw new AssertionError(e);
        }
    }

    /** What SIGHUP does, after the configuration was changed by {@code sets}. */
    public void reload(String... sets) {
        List<String> all = new ArrayList<>(settings);
        all.addAll(List.of(sets));
        try {
            daemon.reload(DaemonConfig.load(Optional.empty(), Map.of(), all));
        } catch (ConfigException e) {
            throw new AssertionError(e);
        }
    }

    /** Where gRPC listens on TCP. */
    public InetSocketAddress tcpAddress() {
        return daemon.tcpAddress().orElseThrow();
    }

    /** Where the Unix socket is. */
    public Target target() {
        return new Target.Unix(unixSocket);
    }

    /** A connection of its own over TCP. */
    public ManagedChannel tcp() {
        InetSocketAddress address = daemon.tcpAddress().orElseThrow();
        return remember(NettyChannelBuilder.forAddress(address)
                .usePlaintext()
                .maxInboundMessageSize(16 << 20)
                .build());
    }

    /** Where the lm door listens. */
    public InetSocketAddress lm() {
        return daemon.lmAddress().orElseThrow();
    }

    /** A connection of its own over the Unix socket. */
    public ManagedChannel unix() {
        return remember(NettyChannelBuilder.forAddress(new DomainSocketAddress(unixSocket.toFile()))
                .eventLoopGroup(eventLoops)
                .channelType(EpollDomainSocketChannel.class)
                .overrideAuthority("localhost")
                .usePlaintext()
                .maxInboundMessageSize(16 << 20)
                .build());
    }

    /** Where the RESP door listens; it has to be asked for with {@code resp.listen}. */
    InetSocketAddress respAddress() {
        return daemon.respAddress().orElseThrow();
    }

    /** Where metrics and health are served. */
    InetSocketAddress adminAddress() {
        return daemon.adminAddress().orElseThrow();
    }

    private ManagedChannel remember(ManagedChannel channel) {
        channels.add(channel);
        return channel;
    }

    /** What a scrape says of one metric, all its series added up; 0 if there is none. */
    public double metric(String name) {
        return http("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Where metrics, health and the page are. */
    public int adminPort() {
        return daemon.adminAddress().orElseThrow().getPort();
    }

    /** Asks the admin port. */
    public HttpResponse<String> http(String path) {
        try {
            URI uri = URI.create("http://127.0.0.1:" + adminAddress().getPort() + path);
            return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Stops the daemon under its clients. */
    void stop() {
        daemon.close();
    }

    @Override
    public void close() {
        for (ManagedChannel channel : channels) {
            channel.shutdownNow();
            try {
                channel.awaitTermination(5, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
        eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        http.shutdownNow();
        daemon.close();
    }
}
