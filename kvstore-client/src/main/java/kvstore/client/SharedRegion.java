package kvstore.client;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kvstore.v1.HelloResponse;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.LoadIntoRequest;
import kvstore.v1.RegionItem;
import kvstore.v1.RegisterRegionRequest;
import kvstore.v1.StoreFromRequest;
import org.jspecify.annotations.Nullable;

/**
 * Memory that this process shares with a daemon of the same machine: chunks that lie in it are stored and loaded without
 * passing through messages. Thread-safe.
 *
 * <p>A call that fails leaves it open whether the daemon still reads or writes the memory. {@link #close} waits until it
 * does not.
 */
public final class SharedRegion implements AutoCloseable {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final long CLOSE_SECONDS = 60;

    private final KvStoreClient client;
    private final Arena arena;
    private final MemorySegment memory;
    private final RegionSocket socket;
    private final long regionId;

    private SharedRegion(KvStoreClient client, Arena arena, MemorySegment memory, RegionSocket socket, long regionId) {
        this.client = client;
        this.arena = arena;
        this.memory = memory;
        this.socket = socket;
        this.regionId = regionId;
    }

    /**
     * Makes memory and shares it.
     *
     * @throws KvStoreException if the daemon takes no memory, or not this process's
     */
    @SuppressWarnings("MustBeClosedChecker") // the arena is closed by close()
    static SharedRegion open(KvStoreClient client, long sizeBytes) throws InterruptedException {
        HelloResponse hello = client.hello();
        if (hello.getRegionSocket().isEmpty()) {
            throw new KvStoreException(
                    Status.Code.UNIMPLEMENTED, "the daemon has no region socket: set its grpc.unix-socket", null);
        }
        Arena arena = Arena.ofShared();
        @Nullable SharedRegion opened = null;
        try {
            Path file = Files.createTempFile(SHARED_MEMORY, "kvstore-client-", "");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, sizeBytes, arena);
                RegionSocket socket = RegionSocket.open(client.eventLoops(), Path.of(hello.getRegionSocket()), file);
                long id = register(client, socket, sizeBytes);
                opened = new SharedRegion(client, arena, memory, socket, id);
                return opened;
            } finally {
                // The mapping and the daemon's descriptor keep the memory; the name is of no more use.
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new KvStoreException(
                    Status.Code.UNAVAILABLE, "cannot make shared memory in " + SHARED_MEMORY + ": " + e, e);
        } finally {
            if (opened == null) {
                arena.close();
            }
        }
    }

    private static long register(KvStoreClient client, RegionSocket socket, long sizeBytes)
            throws InterruptedException {
        RegisterRegionRequest request = RegisterRegionRequest.newBuilder()
                .setTicket(ByteString.copyFrom(
                        socket.ticket(client.options().timeout().toMillis())))
                .setSizeBytes(sizeBytes)
                .build();
        return client.registerRegion(request).getRegionId();
    }

    /** What the daemon calls it. */
    public long id() {
        return regionId;
    }

    /** The memory. */
    public MemorySegment memory() {
        return memory;
    }

    /**
     * Stores chunks that lie in this region.
     *
     * @return one result for each, in their order
     */
    public CompletableFuture<List<PutResult>> put(List<Chunk> chunks) {
        StoreFromRequest request = StoreFromRequest.newBuilder()
                .setRegionId(regionId)
                .setClientId(client.options().clientId())
                .addAllItems(items(chunks))
                .build();
        return RegionTransfer.store(
                client.newRegionCall(KvStoreGrpc.getStoreFromMethod()), client.failures(), chunks, request);
    }

    /**
     * Loads chunks into this region, in which they lie.
     *
     * @return one result for each, in their order
     */
    public CompletableFuture<List<GetResult>> get(List<Chunk> chunks) {
        LoadIntoRequest request = LoadIntoRequest.newBuilder()
                .setRegionId(regionId)
                .addAllItems(items(chunks))
                .build();
        return RegionTransfer.load(
                client.newRegionCall(KvStoreGrpc.getLoadIntoMethod()), client.failures(), chunks, request);
    }

    private List<RegionItem> items(List<Chunk> chunks) {
        return chunks.stream()
                .map(chunk -> RegionItem.newBuilder()
                        .setKey(ByteString.copyFrom(chunk.key().bytes()))
                        .setOffset(chunk.memory().address() - memory.address())
                        .setLength(chunk.memory().byteSize())
                        .build())
                .toList();
    }

    /** Gives the region up, waits until the daemon has let go of it, and frees the memory. Idempotent. */
    @Override
    public void close() {
        try {
            socket.fence().get(CLOSE_SECONDS, TimeUnit.SECONDS);
            if (arena.scope().isAlive()) {
                arena.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // Freed, it could become other memory of this process while the daemon still writes to it.
            throw new IllegalStateException("the daemon did not let go of a region within " + CLOSE_SECONDS + " s", e);
        }
    }
}
