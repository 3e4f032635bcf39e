package kvstore.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import kvstore.v1.LoadIntoRequest;
import kvstore.v1.LoadResult;
import kvstore.v1.RegionItem;
import kvstore.v1.RegisterRegionRequest;
import kvstore.v1.StoreFromRequest;
import kvstore.v1.StoreResult;

/** One region of GPU memory, handed over byte by byte as {@code docs/reference/regions.md} says. */
final class GpuClient implements AutoCloseable {
    private static final int TICKET_BYTES = 16;

    private final GeneratedStubs stubs;
    private final SocketChannel socket;
    private long id;

    private GpuClient(GeneratedStubs stubs, SocketChannel socket) {
        this.stubs = stubs;
        this.socket = socket;
    }

    /** A message about GPU memory. */
    static ByteBuffer message(byte[] uuid, byte[] handle, long offset, long sizeBytes) {
        return ByteBuffer.allocate(1 + uuid.length + handle.length + 2 * Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 2)
                .put(uuid)
                .put(handle)
                .putLong(offset)
                .putLong(sizeBytes)
                .flip();
    }

    /** Connects to the region socket and says nothing. */
    static SocketChannel connect(GeneratedStubs stubs) throws IOException {
        SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        socket.connect(UnixDomainSocketAddress.of(stubs.blocking()
                .hello(kvstore.v1.HelloRequest.getDefaultInstance())
                .getRegionSocket()));
        return socket;
    }

    /** Hands memory over; the daemon takes it. */
    static GpuClient register(GeneratedStubs stubs, byte[] uuid, byte[] handle, long offset, long sizeBytes)
            throws IOException {
        GpuClient client = new GpuClient(stubs, connect(stubs));
        client.socket.write(message(uuid, handle, offset, sizeBytes));
        ByteBuffer answer = ByteBuffer.allocate(1 + TICKET_BYTES);
        while (answer.hasRemaining()) {
            assertThat(client.socket.read(answer)).as("bytes of the answer").isPositive();
        }
        assertThat(answer.get(0)).as("taken").isZero();
        client.id = stubs.blocking()
                .registerRegion(RegisterRegionRequest.newBuilder()
                        .setTicket(ByteString.copyFrom(answer.array(), 1, TICKET_BYTES))
                        .setSizeBytes(sizeBytes)
                        .build())
                .getRegionId();
        return client;
    }

    /** Sends a message that the daemon does not take; why not. */
    static String refusal(GeneratedStubs stubs, ByteBuffer message) throws IOException {
        try (SocketChannel socket = connect(stubs)) {
            socket.write(message);
            String answer = rest(socket);
            assertThat(answer).startsWith("\u0001");
            return answer.substring(1);
        }
    }

    private static String rest(SocketChannel socket) throws IOException {
        ByteBuffer answer = ByteBuffer.allocate(4096);
        while (socket.read(answer) >= 0) {
            assertThat(answer.hasRemaining()).isTrue();
        }
        return UTF_8.decode(answer.flip()).toString();
    }

    static RegionItem item(String key, long offset, long length) {
        return RegionItem.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setOffset(offset)
                .setLength(length)
                .build();
    }

    List<StoreResult> store(RegionItem... items) {
        List<StoreResult> results = new ArrayList<>();
        stubs.blocking()
                .storeFrom(StoreFromRequest.newBuilder()
                        .setRegionId(id)
                        .addAllItems(List.of(items))
                        .build())
                .forEachRemaining(results::add);
        return results;
    }

    List<LoadResult> load(RegionItem... items) {
        List<LoadResult> results = new ArrayList<>();
        stubs.blocking()
                .loadInto(LoadIntoRequest.newBuilder()
                        .setRegionId(id)
                        .addAllItems(List.of(items))
                        .build())
                .forEachRemaining(results::add);
        return results;
    }

    /** Goes away as a process does that dies. */
    void die() throws IOException {
        socket.close();
    }

    /** Gives the region up and waits for the fence. */
    @Override
    public void close() throws IOException {
        if (socket.isOpen()) {
            socket.shutdownOutput();
            assertThat(rest(socket)).isEmpty();
            socket.close();
        }
    }
}
