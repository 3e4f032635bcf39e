package kvstore.server.grpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.Direction;
import kvstore.server.trace.CallTrace;
import kvstore.server.transfer.ChunkRead;
import kvstore.server.transfer.PeerGoneException;
import kvstore.server.transfer.PeerStalledException;
import kvstore.server.transfer.ReadAhead;
import kvstore.server.transfer.Transfers;
import kvstore.v1.GetRequest;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Get call. A virtual thread walks through the keys; {@link #send} is the second half of the way of a get, from the
 * piece in memory to the client, and {@link ReadAhead} the first, from the key to the piece.
 */
final class GetCall extends ServerCall.Listener<GetRequest> {
    private static final Logger log = LoggerFactory.getLogger(GetCall.class);

    /** Bytes that may wait for the socket before gRPC says that it is not ready; two frames or so. */
    private static final int ON_READY_BYTES = 1024 * 1024;

    private final Transfers transfers;
    private final Tenant tenant = CallerGate.tenant();
    private final ServerCall<GetRequest, GetFrame> call;
    private final Optional<Long> deadlineNanos = Deadlines.ofCall();
    private final CallTrace trace = CallTrace.current();
    private final CompletableFuture<Void> cancelled = new CompletableFuture<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ready = lock.newCondition();

    private @Nullable GetRequest request;
    private @Nullable Thread serving;

    private GetCall(Transfers transfers, ServerCall<GetRequest, GetFrame> call) {
        this.transfers = transfers;
        this.call = call;
    }

    static ServerCallHandler<GetRequest, GetFrame> handler(Transfers transfers) {
        return (call, _) -> {
            call.setOnReadyThreshold(ON_READY_BYTES);
            call.request(2); // the request, and a second one if the client breaks the contract
            return new GetCall(transfers, call);
        };
    }

    @Override
    public void onMessage(GetRequest message) {
        request = message;
    }

    @Override
    public void onHalfClose() {
        GetRequest complete = request;
        if (complete == null) {
            call.close(Status.INVALID_ARGUMENT.withDescription("GetRequest is missing"), new Metadata());
            return;
        }
        serving = Thread.ofVirtual().name("get").start(() -> run(complete));
    }

    @Override
    public void onReady() {
        lock.lock();
        try {
            ready.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends every wait, above all that for memory, which others want too. */
    @Override
    public void onCancel() {
        cancelled.complete(null);
        onReady();
        if (serving != null) {
            serving.interrupt();
        }
    }

    private void run(GetRequest complete) {
        Status end = Status.OK;
        transfers.metrics().transferBegan(Direction.GET);
        try {
            Requests.checkKeys(complete.getKeysList(), transfers.maxKeys());
            Requests.checkExpectedLengths(complete);
            call.sendHeaders(new Metadata());
            sendAll(complete);
        } catch (IOException e) {
            end = Statuses.of(e, "");
        } catch (StatusRuntimeException e) {
            end = e.getStatus();
        } catch (InterruptedException _) {
            end = Status.UNAVAILABLE.withDescription("the daemon is stopping");
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("a get failed by a mistake in this program");
            end = Status.INTERNAL.withDescription("get failed inside the daemon; its log has more");
        } finally {
            transfers.metrics().transferEnded(Direction.GET);
            if (!call.isCancelled()) {
                call.close(end, new Metadata());
            }
        }
    }

    private void sendAll(GetRequest complete) throws IOException, InterruptedException {
        try (ReadAhead ahead = new ReadAhead(
                transfers,
                Requests.keys(tenant, complete.getKeysList()),
                complete.getExpectedLengthsList(),
                deadlineNanos,
                trace)) {
            for (ChunkRead.Piece piece = ahead.next(); piece != null; piece = ahead.next()) {
                send(piece);
            }
        }
    }

    private void send(ChunkRead.Piece piece) throws IOException, InterruptedException {
        ChunkRead chunk = piece.chunk();
        boolean complete = false;
        try (piece) {
            if (!chunk.settled()) {
                sendVerified(chunk, piece);
            }
            complete = true;
        } finally {
            if (!complete) {
                chunk.close();
            }
        }
    }

    /** The way of a get, from the disk's answer to the client: wait, prove the header, verify each frame, send it. */
    private void sendVerified(ChunkRead chunk, ChunkRead.Piece piece) throws IOException, InterruptedException {
        MissReason miss = piece.arrive(cancelled);
        piece.traceRead(trace);
        if (miss != MissReason.MISS_REASON_UNSPECIFIED) {
            settle(chunk, miss);
            return;
        }
        MemorySegment payload = piece.payload();
        long arrivedNanos = trace.now();
        long checksumNanos = 0;
        for (long offset = 0; offset < payload.byteSize(); offset += transfers.frameBytes()) {
            long bytes = Math.min(transfers.frameBytes(), payload.byteSize() - offset);
            long at = piece.payloadOffset() + offset;
            MemorySegment data = payload.asSlice(offset, bytes);
            // Just before they are sent, so that the bytes come out of the CPU's cache the second time.
            long begin = trace.now();
            boolean intact = piece.isIntact(offset, data);
            checksumNanos += trace.now() - begin;
            if (!intact) {
                settle(chunk, MissReason.MISS_REASON_CORRUPT);
                return;
            }
            boolean last = at + bytes == chunk.length();
            awaitReady();
            call.sendMessage(new GetFrame(
                    chunk.index(),
                    at == 0 ? chunk.length() : 0,
                    data,
                    last ? GetStatus.GET_STATUS_HIT : GetStatus.GET_STATUS_UNSPECIFIED,
                    MissReason.MISS_REASON_UNSPECIFIED));
            if (last) {
                chunk.hit();
            }
        }
        // they take turns, frame by frame; each is shown as a whole
        trace.part("checksum", arrivedNanos, arrivedNanos + checksumNanos, chunk.index(), payload.byteSize());
        trace.part("send", arrivedNanos + checksumNanos, chunk.index(), payload.byteSize());
    }

    private void settle(ChunkRead chunk, MissReason reason) throws IOException, InterruptedException {
        awaitReady();
        call.sendMessage(GetFrame.miss(chunk.index(), reason));
        chunk.miss(reason);
    }

    /** Waits until the client takes more bytes. */
    private void awaitReady() throws IOException, InterruptedException {
        lock.lock();
        try {
            long left = transfers.stallTimeout().toNanos();
            while (!call.isReady() && !cancelled.isDone()) {
                if (left <= 0) {
                    throw new PeerStalledException("the client read nothing for " + transfers.stallTimeout());
                }
                left = ready.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
        if (cancelled.isDone()) {
            throw new PeerGoneException();
        }
    }
}
