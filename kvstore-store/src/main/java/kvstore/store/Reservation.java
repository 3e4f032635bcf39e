package kvstore.store;

import java.util.concurrent.atomic.AtomicReference;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;

/**
 * An extent of a segment that belongs to one put until it is committed or closed.
 *
 * <p>The caller writes the payload to {@link #file()} at {@link #payloadOffset()}, padded with zeros to whole blocks, waits
 * for those writes, and then commits. Until then no lookup and no restart can find anything of it.
 *
 * <p>Thread-safe: whichever of {@link #commit}, {@link #abort} and the closing of the store comes first decides.
 */
public final class Reservation implements AutoCloseable {
    private enum State {
        RESERVED,
        COMMITTING,
        ENDED
    }

    private final Puts puts;
    private final InFlightPut put;
    private final Extent extent;
    private final AtomicReference<State> state = new AtomicReference<>(State.RESERVED);

    Reservation(Puts puts, InFlightPut put, Extent extent) {
        this.puts = puts;
        this.put = put;
        this.extent = extent;
    }

    /** The segment file. The store closes it. */
    public IoFile file() {
        return extent.segment().file();
    }

    /** Where the payload goes in the file, in bytes; a multiple of {@link Blocks#BLOCK_BYTES}. */
    public long payloadOffset() {
        return (extent.block() + 1L) * Blocks.BLOCK_BYTES;
    }

    /** Length of the payload, in bytes. */
    public long length() {
        return put.length;
    }

    /**
     * Makes the key visible: to every later lookup, and to every later start. Blocks while the record header is written.
     *
     * @param checksums of the payload, one for each of its blocks
     * @throws IoFailure if the header could not be written, or {@code CLOSED} if the store was closed or the reservation
     *     aborted; nothing became visible
     * @throws IllegalArgumentException if the number of checksums does not fit the length
     */
    public void commit(BlockChecksums checksums) throws IoFailure {
        long blocks = Blocks.count(put.length);
        if (checksums.count() != blocks) {
            throw new IllegalArgumentException(checksums.count() + " checksums for a payload of " + blocks + " blocks");
        }
        if (!state.compareAndSet(State.RESERVED, State.COMMITTING)) {
            throw new IoFailure(
                    IoFailure.Kind.CLOSED, 0, "commit of a reservation that has ended, or of a store that has closed");
        }
        try {
            puts.commit(this, checksums);
        } finally {
            state.set(State.ENDED);
        }
    }

    /** Gives the extent up. Without effect once committed or aborted. */
    public void abort() {
        if (end()) {
            puts.abort(this);
        }
    }

    /** {@link #abort} if not committed. */
    @Override
    public void close() {
        abort();
    }

    /** Takes the right to end this reservation from everybody else; false if somebody has it. */
    boolean end() {
        return state.compareAndSet(State.RESERVED, State.ENDED);
    }

    InFlightPut put() {
        return put;
    }

    Extent extent() {
        return extent;
    }
}
