package kvstore.server.simulate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import kvstore.client.cli.Json;

/**
 * Makes a trace up: conversations of several turns, which share a few system prompts, and long documents that are read once.
 * The same seed gives the same trace.
 */
final class TraceGenerator {
    private static final int SYSTEM_PROMPTS = 6;
    private static final int SYSTEM_PROMPT_TOKENS_MAX = 4000;
    private static final int USER_TOKENS_MAX = 1500;
    private static final int ANSWER_TOKENS_MAX = 1000;
    private static final int TURNS_MAX = 10;
    private static final int DOCUMENT_TOKENS_MAX = 24_000;
    private static final double DOCUMENT_SHARE = 0.12;
    private static final double TURN_GAP_MILLIS = 90_000;
    private static final double ARRIVAL_GAP_MILLIS = 9_000;

    private final Random random;
    private final int blockTokens;
    private final List<List<Long>> systemPrompts = new ArrayList<>();
    private final List<Line> lines = new ArrayList<>();
    private long lastId;

    private record Line(long timestamp, long inputTokens, long outputTokens, List<Long> hashIds) {
        String json() {
            return Json.write(Json.object(
                    "timestamp",
                    timestamp,
                    "input_length",
                    inputTokens,
                    "output_length",
                    outputTokens,
                    "hash_ids",
                    hashIds));
        }
    }

    private TraceGenerator(long seed, int blockTokens) {
        random = new Random(seed);
        this.blockTokens = blockTokens;
        for (int i = 0; i < SYSTEM_PROMPTS; i++) {
            systemPrompts.add(newBlocks(1 + random.nextInt(SYSTEM_PROMPT_TOKENS_MAX / blockTokens)));
        }
    }

    /** So many requests, a line each, without line ends. */
    static List<String> lines(long seed, int requests, int blockTokens) {
        TraceGenerator generator = new TraceGenerator(seed, blockTokens);
        double millis = 0;
        // More than wanted: what a conversation says late may come after the last that is kept.
        while (generator.lines.size() < 2 * requests) {
            millis += generator.exponential(ARRIVAL_GAP_MILLIS);
            if (generator.random.nextDouble() < DOCUMENT_SHARE) {
                generator.document((long) millis);
            } else {
                generator.conversation((long) millis);
            }
        }
        return generator.lines.stream()
                .sorted(Comparator.comparingLong(Line::timestamp))
                .limit(requests)
                .map(Line::json)
                .toList();
    }

    private void document(long millis) {
        int tokens = blockTokens + random.nextInt(DOCUMENT_TOKENS_MAX);
        add(millis, List.of(), tokens, 100);
    }

    private void conversation(long start) {
        // Some system prompts are far more common than others.
        int which = (int) (SYSTEM_PROMPTS * Math.pow(random.nextDouble(), 3));
        List<Long> known = new ArrayList<>(systemPrompts.get(which));
        long tokens = (long) known.size() * blockTokens;
        double millis = start;
        int turns = 1 + random.nextInt(TURNS_MAX);
        for (int turn = 0; turn < turns; turn++) {
            tokens += 1 + random.nextInt(USER_TOKENS_MAX);
            int answer = 1 + random.nextInt(ANSWER_TOKENS_MAX);
            known = add((long) millis, known, tokens, answer);
            tokens += answer;
            millis += exponential(TURN_GAP_MILLIS);
        }
    }

    /** Adds a request, and returns its whole blocks: the last, shorter one is another once more tokens are behind it. */
    private List<Long> add(long millis, List<Long> known, long tokens, long answer) {
        List<Long> ids = new ArrayList<>(known);
        int whole = (int) (tokens / blockTokens);
        ids.addAll(newBlocks(whole - ids.size()));
        List<Long> wholeBlocks = List.copyOf(ids);
        if (tokens % blockTokens != 0) {
            ids.addAll(newBlocks(1));
        }
        lines.add(new Line(millis, tokens, answer, ids));
        return wholeBlocks;
    }

    private List<Long> newBlocks(int count) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(lastId++);
        }
        return ids;
    }

    private double exponential(double mean) {
        return -mean * Math.log(1 - random.nextDouble());
    }
}
