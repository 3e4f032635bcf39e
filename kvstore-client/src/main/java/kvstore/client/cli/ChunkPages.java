package kvstore.client.cli;

import com.google.protobuf.ByteString;
import java.util.Iterator;
import java.util.function.BiPredicate;
import kvstore.api.ChunkKey;
import kvstore.client.KvStoreClient;
import kvstore.v1.ListResponse;
import kvstore.v1.ListedChunk;

/** Walks over all listed chunks, a page at a time. */
final class ChunkPages {
    private static final int PAGE = 1000;

    private ChunkPages() {}

    /**
     * Shows each chunk, until told to stop.
     *
     * @param prefix only keys that begin so
     * @param limit most chunks that will be wanted
     * @param taker says whether to go on
     * @return segments that could not be read
     */
    static long show(KvStoreClient client, ByteString prefix, long limit, BiPredicate<ListedChunk, ChunkKey> taker) {
        long unreadable = 0;
        String token = "";
        boolean more = true;
        do {
            ListResponse page = client.list(prefix, token, (int) Math.min(PAGE, limit));
            for (Iterator<ListedChunk> chunks = page.getChunksList().iterator(); more && chunks.hasNext(); ) {
                ListedChunk chunk = chunks.next();
                more = taker.test(chunk, ChunkKey.of(chunk.getKey().toByteArray()));
            }
            unreadable += page.getUnreadableSegments();
            token = page.getNextPageToken();
        } while (more && !token.isEmpty());
        return unreadable;
    }
}
