package kvstore.server.transfer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import kvstore.api.BlockChecksums;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.server.identity.Tenant;
import kvstore.server.memory.Slab;
import kvstore.server.memory.SlabPool;
import kvstore.server.metrics.Direction;
import kvstore.store.Reservation;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One chunk on its way in. {@link #receive} is the way of a put from top to bottom, up to the commit, which may run beside
 * the next chunk's arrival.
 *
 * <p>The bytes go from their source into a slab of at most 16 MiB, and from there to disk while the next slab fills. The
 * outcome is told exactly once, or never if the transfer ends as a whole. Bytes of a chunk that ends before it has taken
 * all of them are the door's to drop.
 */
public final class ChunkPut implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ChunkPut.class);

    private final Transfers transfers;
    private final long length;
    private final String clientId;
    private final Consumer<PutOutcome> told;
    private final long startNanos = System.nanoTime();
    private boolean ended;

    /** Whose budget has {@link #length} of this put; null before it does. */
    private @Nullable Tenant entered;

    /**
     * @param length of the value in bytes, as announced; checked by the door
     * @param clientId who puts; empty is nobody
     * @param told hears the outcome, on the thread that found it
     */
    public ChunkPut(Transfers transfers, long length, String clientId, Consumer<PutOutcome> told) {
        this.transfers = transfers;
        this.length = length;
        this.clientId = clientId;
        this.told = told;
        transfers.metrics().transferBegan(Direction.PUT);
    }

    /** A chunk whose bytes have all been asked for, and whose writes are under way. */
    public final class Arrived {
        private final Reservation reservation;
        private final List<CompletableFuture<Void>> writes;
        private final @Nullable BlockChecksums checksums;

        private Arrived(
                Reservation reservation, List<CompletableFuture<Void>> writes, @Nullable BlockChecksums checksums) {
            this.reservation = reservation;
            this.writes = writes;
            this.checksums = checksums;
        }

        /**
         * Waits for the writes and makes the chunk visible. Never fails; the outcome says how it went.
         *
         * <p>A disk that does not answer in time is left to a thread that waits for it to the end, because until then
         * memory and place are in use; the chunk may become visible after all.
         */
        public void commit() {
            CompletableFuture<PutOutcome> committed = new CompletableFuture<>();
            Thread.ofVirtual().name("put-commit").start(() -> committed.complete(commitWholly()));
            end(Futures.outcomeWithin(committed, transfers.disk().operationTimeout()));
        }

        private PutOutcome commitWholly() {
            try (reservation) {
                CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new))
                        .join();
                if (checksums == null) {
                    return PutOutcome.shed(PutReason.PUT_REASON_IO_ERROR, "the chunk did not arrive whole");
                }
                reservation.commit(checksums);
                return PutOutcome.of(PutStatus.PUT_STATUS_STORED);
            } catch (IoFailure e) {
                return failed(e);
            } catch (CompletionException e) {
                return failed(e.getCause() == null ? e : e.getCause());
            } catch (RuntimeException | Error e) {
                log.atError().setCause(e).log("a commit failed by a mistake in this program");
                return failed(e);
            }
        }

        /** Gives the chunk up instead. */
        public void abort() {
            reservation.abort();
        }
    }

    /**
     * Makes room, takes the bytes and starts their writes. Blocks.
     *
     * @return to be committed, also if the chunk did not arrive whole: its writes must end before its place is given up.
     *     Null if the outcome is clear without
     */
    public @Nullable Arrived receive(ChunkKey key, PayloadSource source) throws IOException, InterruptedException {
        if (!source.awaitData()) {
            truncated();
            return null;
        }
        Tenant tenant = transfers.tenants().ownerOf(key);
        if (!tenant.enter(length, transfers.putWait().toNanos())) {
            tenant.shedPut();
            end(PutOutcome.shed(
                    PutReason.PUT_REASON_TENANT_BUSY,
                    "tenant %s has as much in flight as it may (tenants.file)".formatted(tenant)));
            return null;
        }
        entered = tenant;
        return switch (Rooms.make(transfers, key, length, clientId, pieceBytes(0))) {
            case Rooms.None(PutOutcome outcome) -> {
                end(outcome);
                yield null;
            }
            case Rooms.Room room -> receive(key, room, source);
        };
    }

    private Arrived receive(ChunkKey key, Rooms.Room room, PayloadSource source)
            throws IOException, InterruptedException {
        List<CompletableFuture<Void>> writes = new ArrayList<>();
        try {
            return new Arrived(room.reservation(), writes, take(key, room, source, writes));
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            room.reservation().abort();
            throw e;
        }
    }

    /**
     * Takes the chunk's bytes and starts their writes.
     *
     * @param writes receives the writes, whose slabs come back by themselves
     * @return null if the chunk did not arrive whole; the outcome is told then
     */
    private @Nullable BlockChecksums take(
            ChunkKey key, Rooms.Room room, PayloadSource source, List<CompletableFuture<Void>> writes)
            throws IOException, InterruptedException {
        BlockChecksums.Accumulator checksums = new BlockChecksums.Accumulator(length);
        for (long offset = 0; offset < length; offset += SlabPool.MAX_SLAB_BYTES) {
            long bytes = pieceBytes(offset);
            Slab slab = offset == 0 ? room.slab() : Rooms.acquire(transfers, bytes);
            if (slab == null) {
                end(Rooms.noMemory(transfers, key, length));
                return null;
            }
            boolean writing = false;
            try {
                HostBuffer buffer = slab.buffer();
                if (!source.readFully(buffer.memory().asSlice(0, bytes), checksums)) {
                    truncated();
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

    private long pieceBytes(long offset) {
        return Math.min(SlabPool.MAX_SLAB_BYTES, length - offset);
    }

    private void truncated() {
        end(PutOutcome.rejected(
                PutReason.PUT_REASON_TRUNCATED, "the chunk ended before the " + length + " bytes of begin.length"));
    }

    private static PutOutcome failed(Throwable failure) {
        PutReason reason = failure instanceof IoFailure io ? Reasons.of(io) : PutReason.PUT_REASON_IO_ERROR;
        return PutOutcome.shed(reason, String.valueOf(failure.getMessage()));
    }

    /** Settles the outcome, unless it is clear already. */
    public void end(PutOutcome outcome) {
        if (ended) {
            return;
        }
        close();
        transfers.metrics().put(outcome.status(), outcome.reason(), length, System.nanoTime() - startNanos);
        told.accept(outcome);
    }

    /** Over without an outcome, because the transfer ends as a whole; without effect after one. */
    @Override
    public void close() {
        if (!ended) {
            ended = true;
            if (entered != null) {
                entered.leave(length);
            }
            transfers.metrics().transferEnded(Direction.PUT);
        }
    }
}
