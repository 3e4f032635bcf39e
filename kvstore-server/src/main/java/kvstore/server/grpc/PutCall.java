package kvstore.server.grpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import kvstore.api.BlockChecksums;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.server.memory.Slab;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.Direction;
import kvstore.store.Reservation;
import kvstore.store.ReserveResult;
import kvstore.v1.PutBegin;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Put stream. A virtual thread walks through its chunks; {@link #store} is the way of a put from top to bottom.
 *
 * <p>The bytes of a chunk go from the socket into a slab of at most 16 MiB, and from there to disk while the next slab
 * fills. The chunk's last write and its commit run beside the next chunk's arrival.
 */
final class PutCall extends ServerCall.Listener<PutFrame> {
    private static final Logger log = LoggerFactory.getLogger(PutCall.class);

    /** Chunks of one stream whose bytes have arrived and whose commit is under way. */
    private static final int COMMITS_AHEAD = 8;

    private final Transfers transfers;
    private final ServerCall<PutFrame, PutResponse> call;
    private final PutIntake intake;
    private final Semaphore commits = new Semaphore(COMMITS_AHEAD);

    private PutCall(Transfers transfers, ServerCall<PutFrame, PutResponse> call) {
        this.transfers = transfers;
        this.call = call;
        this.intake = new PutIntake(
                call, transfers.frameBytes(), transfers.stallTimeout().toNanos());
    }

    static ServerCallHandler<PutFrame, PutResponse> handler(Transfers transfers) {
        return (call, _) -> {
            PutCall put = new PutCall(transfers, call);
            call.sendHeaders(new Metadata());
            put.intake.open();
            Thread.ofVirtual().name("put").start(put::run);
            return put;
        };
    }

    @Override
    public void onMessage(PutFrame frame) {
        intake.onFrame(frame);
    }

    @Override
    public void onHalfClose() {
        intake.onHalfClose();
    }

    @Override
    public void onCancel() {
        intake.onCancel();
    }

    /** Also when gRPC ended the call by itself. */
    @Override
    public void onComplete() {
        intake.onCancel();
    }

    @Override
    public void onReady() {
        intake.onReady();
    }

    private void run() {
        Status end = Status.OK;
        try {
            int index = 0;
            for (PutBegin begin = intake.nextBegin(); begin != null; begin = intake.nextBegin()) {
                intake.awaitAnswersTaken();
                take(new Chunk(index++, begin));
            }
        } catch (IOException e) {
            end = Status.INVALID_ARGUMENT.withDescription("PutRequest: " + e.getMessage());
        } catch (StatusRuntimeException e) {
            end = e.getStatus();
        } catch (InterruptedException _) {
            end = Status.UNAVAILABLE.withDescription("the daemon is stopping");
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("a put stream failed by a mistake in this program");
            end = Status.INTERNAL.withDescription("put failed inside the daemon; its log has more");
        } finally {
            intake.close();
            commits.acquireUninterruptibly(COMMITS_AHEAD);
            close(end);
        }
    }

    private void take(Chunk chunk) throws IOException, InterruptedException {
        boolean thrown = true;
        try {
            store(chunk);
            thrown = false;
        } finally {
            if (thrown) {
                chunk.ended();
            }
        }
    }

    /** The way of a put: checks, a place in a segment, payload to disk, commit, answer. */
    private void store(Chunk chunk) throws IOException, InterruptedException {
        ChunkKey key = chunk.checkedKey();
        if (key == null) {
            return;
        }
        if (!intake.awaitData()) {
            chunk.answerTruncated();
            return;
        }
        Room room = makeRoom(chunk, key);
        if (room == null) {
            return;
        }
        Reservation reservation = room.reservation();
        List<CompletableFuture<Void>> writes = new ArrayList<>();
        BlockChecksums checksums;
        try {
            checksums = receive(chunk, room, writes);
            commits.acquire();
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            reservation.abort();
            throw e;
        }
        // Even a chunk that did not arrive whole goes this way: its writes must end before its place is given up.
        Thread.ofVirtual().name("put-commit").start(() -> {
            try {
                commit(chunk, reservation, writes, checksums);
            } finally {
                commits.release();
            }
        });
    }

    /** What a chunk needs before its bytes are taken: memory for the first piece, and a place in a segment. */
    private record Room(Slab slab, Reservation reservation) {}

    /**
     * Makes room for a chunk. Memory comes first, because a place that is given up is lost until its segment is evicted:
     * puts that are shed for want of memory would push out what is stored.
     *
     * @return null if the chunk was answered without
     */
    private @Nullable Room makeRoom(Chunk chunk, ChunkKey key) throws InterruptedException {
        long end = System.nanoTime() + transfers.putWait().toNanos();
        while (true) {
            if (isStored(chunk, key)) {
                chunk.answer(PutStatus.PUT_STATUS_ALREADY_STORED);
                return null;
            }
            Slab slab = acquire(chunk, 0);
            if (slab == null) {
                return null;
            }
            Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
            ReserveResult result = null;
            try {
                result = transfers.store().reserve(key, chunk.length, chunk.clientId, left);
            } finally {
                if (!(result instanceof ReserveResult.Reserved)) {
                    slab.close();
                }
            }
            switch (result) {
                case ReserveResult.Reserved(Reservation reservation) -> {
                    return new Room(slab, reservation);
                }
                case ReserveResult.AlreadyStored _ -> {
                    chunk.answer(PutStatus.PUT_STATUS_ALREADY_STORED);
                    return null;
                }
                case ReserveResult.InFlight(CompletableFuture<Boolean> committed) -> {
                    if (!Futures.endsWithin(committed, left)) {
                        chunk.shed(PutReason.PUT_REASON_CONCURRENT_PUT, "another put of this key is still in flight");
                        return null;
                    }
                }
                case ReserveResult.Refused refused -> {
                    chunk.shed(Reasons.of(refused.reason()), refused.message());
                    return null;
                }
            }
        }
    }

    /** Whether there is nothing to write, as far as can be seen without memory. */
    private boolean isStored(Chunk chunk, ChunkKey key) {
        return transfers.store().lookup(List.of(key), "", 0).sizes()[0] == chunk.length;
    }

    /**
     * Takes the chunk's bytes from the socket and starts their writes.
     *
     * @param writes receives the writes, whose slabs come back by themselves
     * @return null if the chunk did not arrive whole; it is answered then
     */
    private @Nullable BlockChecksums receive(Chunk chunk, Room room, List<CompletableFuture<Void>> writes)
            throws IOException, InterruptedException {
        BlockChecksums.Accumulator checksums = new BlockChecksums.Accumulator(chunk.length);
        for (long offset = 0; offset < chunk.length; offset += SlabPool.MAX_SLAB_BYTES) {
            long bytes = chunk.pieceBytes(offset);
            Slab slab = offset == 0 ? room.slab() : acquire(chunk, offset);
            if (slab == null) {
                return null;
            }
            boolean writing = false;
            try {
                HostBuffer buffer = slab.buffer();
                if (!intake.readFully(buffer.memory().asSlice(0, bytes), checksums)) {
                    chunk.answerTruncated();
                    return null;
                }
                buffer.memory().asSlice(bytes).fill((byte) 0);
                Reservation place = room.reservation();
                CompletableFuture<Void> write = place.file().write(place.payloadOffset() + offset, buffer);
                writing = true;
                writes.add(write.whenComplete((_, _) -> slab.close()));
            } finally {
                if (!writing) {
                    slab.close();
                }
            }
        }
        return checksums.finish();
    }

    /** Memory for the piece at {@code offset}; null if there was none in time, and the chunk is answered. */
    private @Nullable Slab acquire(Chunk chunk, long offset) throws InterruptedException {
        long start = System.nanoTime();
        long waitNanos = transfers.putWait().toNanos();
        Slab slab = transfers.slabs().acquire(SlabPool.Use.WRITE, chunk.pieceBytes(offset), waitNanos);
        transfers.metrics().waitedForMemory(Direction.PUT, slab != null, System.nanoTime() - start);
        if (slab == null) {
            chunk.shed(PutReason.PUT_REASON_NO_MEMORY, "no memory for writes within " + transfers.putWait());
        }
        return slab;
    }

    /** Waits for the writes and makes the chunk visible. */
    private void commit(
            Chunk chunk,
            Reservation reservation,
            List<CompletableFuture<Void>> writes,
            @Nullable BlockChecksums checksums) {
        try (reservation) {
            CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
            if (checksums != null) {
                reservation.commit(checksums);
                chunk.answer(PutStatus.PUT_STATUS_STORED);
            }
        } catch (IoFailure e) {
            chunk.failed(e);
        } catch (CompletionException e) {
            chunk.failed(e.getCause() == null ? e : e.getCause());
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("a commit failed by a mistake in this program");
            chunk.failed(e);
        }
    }

    private synchronized void send(PutResponse response) {
        if (!call.isCancelled()) {
            call.sendMessage(response);
        }
    }

    private synchronized void close(Status status) {
        if (!call.isCancelled()) {
            call.close(status, new Metadata());
        }
    }

    /** One chunk of the stream, which is answered exactly once. */
    private final class Chunk {
        final int index;
        final PutBegin begin;
        final long length;
        final String clientId;
        final long startNanos = System.nanoTime();
        private boolean answered;

        Chunk(int index, PutBegin begin) {
            this.index = index;
            this.begin = begin;
            this.length = begin.getLength();
            this.clientId = begin.getClientId();
            transfers.metrics().transferBegan(Direction.PUT);
        }

        /** Size of the piece that begins at {@code offset}. */
        long pieceBytes(long offset) {
            return Math.min(SlabPool.MAX_SLAB_BYTES, length - offset);
        }

        /** The key, if key and length are such as the contract allows; else null, and the chunk is answered. */
        @Nullable
        ChunkKey checkedKey() {
            Requests.checkClientId(clientId);
            int keyBytes = begin.getKey().size();
            if (keyBytes == 0 || keyBytes > ChunkKey.MAX_BYTES) {
                answer(
                        PutStatus.PUT_STATUS_REJECTED,
                        PutReason.PUT_REASON_BAD_KEY,
                        "begin.key has " + keyBytes + " bytes; 1 to " + ChunkKey.MAX_BYTES + " are allowed");
                return null;
            }
            if (length <= 0 || length > transfers.maxValueBytes()) {
                answer(
                        PutStatus.PUT_STATUS_REJECTED,
                        PutReason.PUT_REASON_BAD_LENGTH,
                        "begin.length is " + Long.toUnsignedString(length) + "; 1 to " + transfers.maxValueBytes()
                                + " are allowed (data.max-value-size)");
                return null;
            }
            return ChunkKey.of(begin.getKey().toByteArray());
        }

        void answer(PutStatus status) {
            answer(status, PutReason.PUT_REASON_UNSPECIFIED, "");
        }

        void shed(PutReason reason, String message) {
            answer(PutStatus.PUT_STATUS_SHED, reason, message);
        }

        void answerTruncated() {
            answer(
                    PutStatus.PUT_STATUS_REJECTED,
                    PutReason.PUT_REASON_TRUNCATED,
                    "the chunk ended before the " + length + " bytes of begin.length");
        }

        void failed(Throwable failure) {
            PutReason reason = failure instanceof IoFailure io ? Reasons.of(io) : PutReason.PUT_REASON_IO_ERROR;
            shed(reason, String.valueOf(failure.getMessage()));
        }

        /** Over without an answer, because the call ends as a whole; or after one. */
        void ended() {
            if (!answered) {
                answered = true;
                transfers.metrics().transferEnded(Direction.PUT);
            }
        }

        private void answer(PutStatus status, PutReason reason, String message) {
            if (answered) {
                return;
            }
            ended();
            transfers.metrics().put(status, reason, length, System.nanoTime() - startNanos);
            send(PutResponse.newBuilder()
                    .setIndex(index)
                    .setStatus(status)
                    .setReason(reason)
                    .setMessage(message)
                    .build());
        }
    }
}
