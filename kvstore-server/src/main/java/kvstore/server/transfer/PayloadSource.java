package kvstore.server.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import kvstore.api.BlockChecksums;

/**
 * Where the bytes of a put come from. Used by one thread, which waits in here.
 *
 * <p>Both methods throw {@link PeerGoneException}, {@link PeerStalledException}, or another {@link IOException} if the peer
 * broke the contract; the transfer is over then.
 */
public interface PayloadSource {
    /**
     * Waits until the chunk's next bytes have arrived, so that memory is taken only for bytes that are there.
     *
     * @return false if the chunk ends before
     */
    boolean awaitData() throws IOException, InterruptedException;

    /**
     * Fills {@code target} with the chunk's next bytes.
     *
     * @param sums takes the bytes as they pass
     * @return false if the chunk ends before
     */
    boolean readFully(MemorySegment target, BlockChecksums.Accumulator sums) throws IOException, InterruptedException;
}
