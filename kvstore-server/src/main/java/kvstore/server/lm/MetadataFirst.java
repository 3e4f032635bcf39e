package kvstore.server.lm;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import kvstore.api.BlockChecksums;
import kvstore.server.transfer.PayloadSource;

/** A value as it is stored: its metadata, then the payload as it arrives. */
final class MetadataFirst implements PayloadSource {
    private final LmMetadata metadata;
    private final PayloadSource payload;
    private boolean begun;

    MetadataFirst(LmMetadata metadata, PayloadSource payload) {
        this.metadata = metadata;
        this.payload = payload;
    }

    @Override
    public boolean awaitData() throws IOException, InterruptedException {
        return payload.awaitData();
    }

    @Override
    public boolean readFully(MemorySegment target, BlockChecksums.Accumulator sums)
            throws IOException, InterruptedException {
        if (begun) {
            return payload.readFully(target, sums);
        }
        begun = true;
        MemorySegment head = target.asSlice(0, LmMetadata.BYTES);
        metadata.writeTo(head);
        sums.update(head);
        return payload.readFully(target.asSlice(LmMetadata.BYTES), sums);
    }
}
