package kvstore.server;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;

/** A client that misbehaves, on connections of its own. */
final class Peer implements AutoCloseable {
    /** Makes keys unique over all peers and rounds. */
    private static final AtomicInteger SERIAL = new AtomicInteger();

    private static final int CLOSE_SECONDS = 5;

    private final DaemonUnderTest daemon;
    private final Random random;
    private final List<ManagedChannel> channels = new ArrayList<>();

    Peer(DaemonUnderTest daemon, Random random) {
        this.daemon = daemon;
        this.random = random;
        channels.add(daemon.tcp());
    }

    DaemonUnderTest daemon() {
        return daemon;
    }

    ManagedChannel channel() {
        return channels.getFirst();
    }

    /** A connection of its own. */
    ManagedChannel anotherChannel() {
        ManagedChannel channel = daemon.tcp();
        channels.add(channel);
        return channel;
    }

    GeneratedStubs stubs() {
        return new GeneratedStubs(channel());
    }

    String newKey() {
        return "key-" + SERIAL.getAndIncrement();
    }

    ByteString bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }

    /** A Put stream whose answers are read. */
    OpenCall<PutRequest, PutResponse> put() {
        return OpenCall.start(channel(), KvStoreGrpc.getPutMethod()).requestAll();
    }

    /** The same, for messages that no generated class would write. */
    OpenCall<byte[], byte[]> rawPut() {
        return OpenCall.start(channel(), OpenCall.raw(KvStoreGrpc.getPutMethod()))
                .requestAll();
    }

    /** Breaks its connections. */
    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        try {
            for (ManagedChannel channel : channels) {
                channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
