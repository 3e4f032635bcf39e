package kvstore.server.resp;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import kvstore.api.BlockChecksums;
import kvstore.server.transfer.PayloadSource;

/** A small value that has arrived whole before anything is done with it. */
final class HeldValue implements PayloadSource {
    private final MemorySegment bytes;
    private long taken;

    private HeldValue(MemorySegment bytes) {
        this.bytes = bytes;
    }

    /** Takes a value of {@code length} bytes; memory only once the first have arrived. */
    static HeldValue take(PayloadSource source, int length) throws IOException, InterruptedException {
        if (!source.awaitData()) {
            throw new IllegalStateException("a value of a socket ends only together with it");
        }
        MemorySegment bytes = MemorySegment.ofArray(new byte[length]);
        if (!source.readFully(bytes, new BlockChecksums.Accumulator(length))) {
            throw new IllegalStateException("a value of a socket ends only together with it");
        }
        return new HeldValue(bytes);
    }

    boolean equalTo(MemorySegment other) {
        return bytes.mismatch(other) < 0;
    }

    @Override
    public boolean awaitData() {
        return taken < bytes.byteSize();
    }

    @Override
    public boolean readFully(MemorySegment target, BlockChecksums.Accumulator sums) {
        MemorySegment next = bytes.asSlice(taken, target.byteSize());
        target.copyFrom(next);
        sums.update(target);
        taken += target.byteSize();
        return true;
    }
}
