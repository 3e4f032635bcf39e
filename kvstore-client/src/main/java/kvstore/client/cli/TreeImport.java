package kvstore.client.cli;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import kvstore.client.Chunk;
import kvstore.client.GetResult;
import kvstore.client.LookupResult;
import kvstore.client.PutResult;
import kvstore.client.lmcache.SkipReason;
import kvstore.client.lmcache.TreeChunk;
import kvstore.client.lmcache.TreeReader;
import kvstore.client.lmcache.TreeWalk;
import kvstore.client.lmcache.UnusableException;
import kvstore.v1.PutStatus;

/**
 * Stores the chunks of a tree. Goes through it in portions: which keys of a portion are there already is one lookup, so a
 * second run after a first that was cut short costs the names alone.
 */
final class TreeImport {
    private static final int PORTION = 256;
    private static final int ATTEMPTS = 6;
    private static final long FIRST_PAUSE_NANOS = 100_000_000;

    private final Session session;
    private final TreeReader reader;
    private final Options options;
    private final Timer timer;
    private final RateLimit rate;
    private final Tally tally;

    /**
     * What is asked for.
     *
     * @param parallel how many files are under way at once
     * @param verify whether every value is read back and compared, also those that were there
     * @param replace whether a value of another length is replaced
     * @param models of these only
     */
    record Options(int parallel, boolean verify, boolean replace, Predicate<String> models) {}

    TreeImport(Session session, TreeReader reader, Options options, Timer timer, RateLimit rate, Tally tally) {
        this.session = session;
        this.reader = reader;
        this.options = options;
        this.timer = timer;
        this.rate = rate;
        this.tally = tally;
    }

    /** Bytes of the files whose names promise a chunk. */
    static long measure(TreeReader reader, Predicate<String> models) throws IOException {
        AtomicLong bytes = new AtomicLong();
        TreeWalk.walk(reader.root(), new TreeWalk.Visitor() {
            @Override
            public void file(Path file, BasicFileAttributes attributes) {
                if (isWanted(reader, file, models)) {
                    bytes.addAndGet(attributes.size());
                }
            }

            @Override
            public void unusable(Path path, UnusableException why) {}
        });
        return bytes.get();
    }

    /** Looks at every file, and counts what an import would find. */
    static void dryRun(TreeReader reader, Predicate<String> models, Tally tally) throws IOException {
        TreeWalk.walk(reader.root(), new TreeWalk.Visitor() {
            @Override
            public void file(Path file, BasicFileAttributes attributes) {
                try {
                    if (models.test(reader.name(file).key().model())) {
                        TreeChunk chunk = reader.inspect(file, attributes);
                        tally.moved(group(chunk), chunk.valueBytes());
                    }
                } catch (UnusableException e) {
                    tally.skipped(reader.root().relativize(file), e);
                }
            }

            @Override
            public void unusable(Path path, UnusableException why) {
                tally.skipped(reader.root().relativize(path), why);
            }
        });
    }

    /**
     * Imports all of it.
     *
     * @throws IOException if the tree's root cannot be read
     */
    void run(Progress.Step step) throws IOException {
        int most = Math.min(PORTION, session.keysPerCall());
        List<TreeChunk> portion = new ArrayList<>(most);
        try (Workers workers = new Workers(options.parallel())) {
            TreeWalk.walk(reader.root(), new TreeWalk.Visitor() {
                @Override
                public void file(Path file, BasicFileAttributes attributes) throws IOException {
                    try {
                        if (options.models().test(reader.name(file).key().model())) {
                            portion.add(inspect(file, attributes, step));
                        }
                    } catch (UnusableException e) {
                        tally.skipped(reader.root().relativize(file), e);
                    }
                    if (portion.size() == most) {
                        store(portion, workers, step);
                        portion.clear();
                    }
                }

                @Override
                public void unusable(Path path, UnusableException why) {
                    tally.skipped(reader.root().relativize(path), why);
                }
            });
            store(portion, workers, step);
            workers.finish();
        }
    }

    private TreeChunk inspect(Path file, BasicFileAttributes attributes, Progress.Step step) throws UnusableException {
        try {
            TreeChunk chunk = reader.inspect(file, attributes);
            long limit = session.daemon().getLimits().getValueBytes();
            if (Long.compareUnsigned(chunk.valueBytes(), limit) > 0) {
                throw new UnusableException(
                        SkipReason.TOO_LARGE, "%d bytes, and its limit is %d".formatted(chunk.valueBytes(), limit));
            }
            return chunk;
        } catch (UnusableException e) {
            step.advance(attributes.size());
            throw e;
        }
    }

    private void store(List<TreeChunk> portion, Workers workers, Progress.Step step) throws IOException {
        if (portion.isEmpty()) {
            return;
        }
        LookupResult lookup =
                session.client().lookup(portion.stream().map(TreeChunk::key).toList(), Duration.ZERO);
        for (int i = 0; i < portion.size(); i++) {
            TreeChunk chunk = portion.get(i);
            boolean there = lookup.size(i) == chunk.valueBytes();
            if (lookup.found(i) && !there && !options.replace()) {
                skip(chunk, lookup.size(i));
                step.advance(chunk.fileBytes());
            } else if (there && !options.verify()) {
                tally.there(chunk.valueBytes());
                step.advance(chunk.fileBytes());
            } else {
                rate.acquire(chunk.length());
                workers.submit(memory -> {
                    move(chunk, there, memory);
                    step.advance(chunk.fileBytes());
                });
            }
        }
    }

    private void skip(TreeChunk chunk, long stored) {
        tally.skipped(
                reader.root().relativize(chunk.file()),
                new UnusableException(
                        SkipReason.OTHER_LENGTH,
                        "%d bytes here, %d in the daemon".formatted(chunk.valueBytes(), stored)));
    }

    private void move(TreeChunk chunk, boolean there, Workers.Memory memory) {
        try {
            Workers.Room room = memory.room(chunk.valueBytes(), options.verify() ? 2 : 1);
            reader.read(chunk, room.value());
            boolean stored = !there && put(new Chunk(chunk.key(), room.value()));
            if (options.verify()) {
                verify(chunk, room.value(), room.second());
            }
            if (stored) {
                tally.moved(group(chunk), chunk.valueBytes());
            } else {
                tally.there(chunk.valueBytes());
            }
        } catch (UnusableException e) {
            tally.skipped(reader.root().relativize(chunk.file()), e);
        }
    }

    /** Whether it was stored now, and not by somebody before. */
    private boolean put(Chunk chunk) throws UnusableException {
        for (int attempt = 0; ; attempt++) {
            PutResult result =
                    Session.await(session.client().put(List.of(chunk))).getFirst();
            if (result.isStored()) {
                return result.status() == PutStatus.PUT_STATUS_STORED;
            }
            String why = Words.of(result.reason(), "PUT_REASON_")
                    + (result.message().isEmpty() ? "" : ": " + result.message());
            if (result.status() != PutStatus.PUT_STATUS_SHED) {
                throw new UnusableException(SkipReason.REFUSED, why);
            }
            if (attempt + 1 == ATTEMPTS) {
                throw new CommandFailure(
                        ExitCode.NO,
                        "the daemon does not take %s (%s); the same command goes on later".formatted(chunk.key(), why));
            }
            RateLimit.pause(timer, FIRST_PAUSE_NANOS << attempt);
        }
    }

    private void verify(TreeChunk chunk, MemorySegment value, MemorySegment back) throws UnusableException {
        GetResult result = Session.await(session.client().get(List.of(new Chunk(chunk.key(), back))))
                .getFirst();
        if (result instanceof GetResult.Miss(var reason)) {
            throw new UnusableException(
                    SkipReason.GONE, "%s is %s".formatted(chunk.key(), Words.of(reason, "MISS_REASON_")));
        }
        long difference = value.mismatch(back);
        if (difference >= 0) {
            throw new UnusableException(
                    SkipReason.DIFFERENT, "%s differs at byte %d".formatted(chunk.key(), difference));
        }
        tally.verified(chunk.valueBytes());
    }

    private static boolean isWanted(TreeReader reader, Path file, Predicate<String> models) {
        try {
            return models.test(reader.name(file).key().model());
        } catch (UnusableException _) {
            return false;
        }
    }

    private static String group(TreeChunk chunk) {
        return "%s (%s)".formatted(chunk.named().key().model(), chunk.named().format());
    }
}
