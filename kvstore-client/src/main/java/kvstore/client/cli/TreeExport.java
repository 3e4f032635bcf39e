package kvstore.client.cli;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import kvstore.api.ChunkKey;
import kvstore.client.Chunk;
import kvstore.client.GetResult;
import kvstore.client.lmcache.SkipReason;
import kvstore.client.lmcache.TreeWriter;
import kvstore.client.lmcache.UnusableException;
import kvstore.v1.ListResponse;
import kvstore.v1.ListedChunk;

/** Writes chunks of the daemon as files of a tree. */
final class TreeExport {
    private static final int PAGE = 1000;

    private final Session session;
    private final TreeWriter writer;
    private final int parallel;
    private final RateLimit rate;
    private final Tally tally;

    TreeExport(Session session, TreeWriter writer, int parallel, RateLimit rate, Tally tally) {
        this.session = session;
        this.writer = writer;
        this.parallel = parallel;
        this.rate = rate;
        this.tally = tally;
    }

    /**
     * Writes the chunks of some keys.
     *
     * @param prefix what the keys begin with
     * @throws IOException if a file cannot be written
     */
    void run(ByteString prefix, Progress.Step step) throws IOException {
        long unreadable = 0;
        try (Workers workers = new Workers(parallel)) {
            String token = "";
            do {
                ListResponse page = session.client().list(prefix, token, PAGE);
                for (ListedChunk listed : page.getChunksList()) {
                    begin(listed, workers, step);
                }
                unreadable += page.getUnreadableSegments();
                token = page.getNextPageToken();
            } while (!token.isEmpty());
            workers.finish();
        }
        if (unreadable > 0) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "%d segments could not be read, and their chunks are not exported: see the daemon's log"
                            .formatted(unreadable));
        }
    }

    private void begin(ListedChunk listed, Workers workers, Progress.Step step) throws IOException {
        ChunkKey key = ChunkKey.of(listed.getKey().toByteArray());
        long length = listed.getLength();
        TreeWriter.Place place;
        try {
            place = writer.place(key);
            long limit = session.daemon().getLimits().getValueBytes();
            if (length < 1 || length > limit) {
                throw new UnusableException(SkipReason.REFUSED, "it claims %d bytes".formatted(length));
            }
        } catch (UnusableException e) {
            tally.skipped(key, e);
            step.advance(length);
            return;
        }
        rate.acquire(length);
        workers.submit(memory -> {
            move(new Chunk(key, memory.room(length, 1).value()), place);
            step.advance(length);
        });
    }

    private void move(Chunk chunk, TreeWriter.Place place) throws IOException {
        MemorySegment value = chunk.memory();
        try {
            GetResult result =
                    Session.await(session.client().get(List.of(chunk))).getFirst();
            if (result instanceof GetResult.Miss(var reason)) {
                throw new UnusableException(SkipReason.GONE, Words.of(reason, "MISS_REASON_"));
            }
            if (writer.write(place, value)) {
                tally.moved(place.key().model(), value.byteSize());
            } else {
                tally.there(value.byteSize());
            }
        } catch (UnusableException e) {
            tally.skipped(chunk.key(), e);
        }
    }
}
