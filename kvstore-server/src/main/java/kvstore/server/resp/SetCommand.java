package kvstore.server.resp;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.RespOutcome;
import kvstore.server.transfer.ChunkPut;
import kvstore.server.transfer.ChunkRead;
import kvstore.server.transfer.PeerGoneException;
import kvstore.server.transfer.PeerStalledException;
import kvstore.server.transfer.PutOutcome;
import kvstore.server.transfer.ReadAhead;
import kvstore.server.transfer.SocketIntake;
import kvstore.server.transfer.Transfers;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.Nullable;

/**
 * One SET, on a virtual thread of its own. Its options stand behind the value, so a value that is not small goes to disk
 * before it is clear whether it may be stored, and is committed after.
 *
 * <p>A value that cannot be stored is dropped, and answered with OK: LMCache reads replies of a fixed length, and a cache
 * may forget.
 */
final class SetCommand {
    /** Longest value that is compared with the one that it replaces, in bytes. */
    private static final int HELD_BYTES = Blocks.BLOCK_BYTES;

    private final RespServices services;
    private final Transfers transfers;
    private final Argument name;
    private final long length;
    private final Session session;
    private final @Nullable Tenant tenant;
    private final SocketIntake intake;
    private final CompletableFuture<List<Argument>> complete = new CompletableFuture<>();
    private @Nullable PutOutcome outcome;

    /**
     * A command whose value is about to arrive.
     *
     * @param length of the value, in bytes
     * @param tenant whose key it is; null for a client that has to say who it is
     */
    SetCommand(
            RespServices services,
            Argument name,
            long length,
            Session session,
            @Nullable Tenant tenant,
            SocketIntake intake) {
        this.tenant = tenant;
        this.services = services;
        this.transfers = services.transfers();
        this.name = name;
        this.length = length;
        this.session = session;
        this.intake = intake;
    }

    /** The whole command has arrived. */
    void complete(List<Argument> arguments) {
        complete.complete(arguments);
    }

    /** It will never arrive. */
    void cut() {
        intake.gone();
        complete.completeExceptionally(new PeerGoneException());
    }

    /** The way of a SET. Blocks. */
    Reply run() throws IOException, InterruptedException {
        if (tenant == null) {
            intake.drop();
            var _ = awaitComplete();
            return Reply.error(SessionCommands.NO_AUTH);
        }
        ChunkKey key = name.key(tenant);
        try (ChunkPut put = new ChunkPut(transfers, length, session.clientId, told -> outcome = told)) {
            PutOutcome refusal = refusal(key);
            if (key == null || refusal != null) {
                put.end(Objects.requireNonNull(refusal));
                intake.drop();
                SetOptions.parse(awaitComplete(), System.currentTimeMillis());
                return new Reply(Reply.simple("OK"), RespOutcome.DROPPED);
            }
            return length <= HELD_BYTES ? setHeld(put, key) : setStreamed(put, key);
        } catch (IllegalArgumentException e) {
            return Reply.error(String.valueOf(e.getMessage()));
        }
    }

    /** A small value replaces another one of its length, as clients expect of counters, flags and metadata. */
    private Reply setHeld(ChunkPut put, ChunkKey key) throws IOException, InterruptedException {
        HeldValue value = HeldValue.take(intake, (int) length);
        SetOptions options = SetOptions.parse(awaitComplete(), System.currentTimeMillis());
        if (!options.presence().allows(isPresent(key))) {
            return refused();
        }
        if (holdsAnother(key, value)) {
            transfers.store().delete(key);
        }
        ChunkPut.Arrived arrived = put.receive(key, value);
        if (arrived != null) {
            arrived.commit();
        }
        return stored(key, options);
    }

    private Reply setStreamed(ChunkPut put, ChunkKey key) throws IOException, InterruptedException {
        boolean present = isPresent(key);
        ChunkPut.Arrived arrived = put.receive(key, intake);
        boolean committed = false;
        try {
            intake.drop();
            SetOptions options = SetOptions.parse(awaitComplete(), System.currentTimeMillis());
            if (!options.presence().allows(present)) {
                return refused();
            }
            if (arrived != null) {
                committed = true;
                arrived.commit();
            }
            return stored(key, options);
        } finally {
            if (arrived != null && !committed) {
                arrived.abort();
            }
        }
    }

    private Reply refused() {
        return new Reply(session.nil(), RespOutcome.REFUSED);
    }

    private Reply stored(ChunkKey key, SetOptions options) {
        boolean kept = isStored() && keepExpiry(key, options);
        return new Reply(Reply.simple("OK"), kept ? RespOutcome.OK : RespOutcome.DROPPED);
    }

    /** Whether a value of this length with other bytes stands under the key. */
    private boolean holdsAnother(ChunkKey key, HeldValue value) throws IOException, InterruptedException {
        if (transfers.store().lookup(List.of(key), "", 0).sizes()[0] != length) {
            return false;
        }
        try (ReadAhead ahead = new ReadAhead(transfers, List.of(key), List.of(length));
                ChunkRead.Piece piece = ahead.next()) {
            return piece != null
                    && piece.arrive(new CompletableFuture<>()) == MissReason.MISS_REASON_UNSPECIFIED
                    && piece.isIntact(0, piece.payload())
                    && !value.equalTo(piece.payload());
        }
    }

    private boolean isPresent(ChunkKey key) {
        return !services.expiries().isOver(key)
                && transfers.store().lookup(List.of(key), "", 0).leadingHits() == 1;
    }

    private @Nullable PutOutcome refusal(@Nullable ChunkKey key) {
        if (key == null) {
            return PutOutcome.rejected(
                    PutReason.PUT_REASON_BAD_KEY,
                    "the key has " + name.length() + " bytes; 1 to " + ChunkKey.MAX_BYTES + " are allowed");
        }
        if (length == 0 || length > transfers.maxValueBytes()) {
            return PutOutcome.rejected(
                    PutReason.PUT_REASON_BAD_LENGTH,
                    "the value has " + length + " bytes; 1 to " + transfers.maxValueBytes() + " are allowed");
        }
        return null;
    }

    private List<Argument> awaitComplete() throws IOException, InterruptedException {
        try {
            return complete.get(services.stallNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException _) {
            throw new PeerGoneException();
        } catch (TimeoutException _) {
            throw new PeerStalledException(
                    "the client sent nothing for " + transfers.stallTimeout().toMillis() + " ms");
        }
    }

    private boolean isStored() {
        return outcome != null
                && (outcome.status() == PutStatus.PUT_STATUS_STORED
                        || outcome.status() == PutStatus.PUT_STATUS_ALREADY_STORED);
    }

    /** Makes the key end when it should; a value whose end cannot be remembered is not kept. */
    private boolean keepExpiry(ChunkKey key, SetOptions options) {
        if (options.atMillis() == 0) {
            if (!options.keepsExpiry()) {
                services.expiries().clear(key);
            }
            return true;
        }
        if (services.expiries().set(key, options.atMillis())) {
            return true;
        }
        transfers.store().delete(key);
        return false;
    }
}
