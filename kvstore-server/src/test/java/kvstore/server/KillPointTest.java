package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import kvstore.lustre.PosixEngine;
import kvstore.server.KillPoint.Moment;
import kvstore.server.KillPoint.Operation;
import kvstore.store.ChunkStore;
import kvstore.store.SegmentDamage;
import kvstore.store.StoreListener;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store in a process of its own, on the real file system and past its cache where that can be, killed with SIGKILL at
 * every point of a segment's life and at random moments. What it said to have stored is there afterwards, what it said to
 * have deleted is not, and nothing is damaged. {@code -Dkvstore.test.seed} repeats the named points.
 */
@Timeout(300)
final class KillPointTest {
    private static final int LONG_RUN_ROUNDS = 200;
    private static final int ROUNDS_OF_A_DIRECTORY = 10;
    private static final int KILL_MILLIS_MAX = 400;

    /** A miss, among the values that a key may have. */
    private static final Value MISS = new Value(-1, 0);

    private record Value(int number, int length) {}

    private final long seed = Long.getLong("kvstore.test.seed", new Random().nextInt(Integer.MAX_VALUE));
    private final Random random = new Random(seed);
    private final Map<Integer, Set<Value>> right = new HashMap<>();
    private int stored;
    private int reached;

    @TempDir
    Path directory;

    @Test
    void someKills() throws Exception {
        List<KillPoint> points = points();
        kill(points.subList(0, 5), 2);
    }

    @Tag("long")
    @Test
    @Timeout(3000)
    void manyKills() throws Exception {
        List<KillPoint> points = new ArrayList<>();
        while (points.size() < LONG_RUN_ROUNDS * 3 / 4) {
            points.addAll(points());
        }
        kill(points, LONG_RUN_ROUNDS - points.size());
    }

    /** Each once, in any order. */
    private List<KillPoint> points() {
        List<KillPoint> points = new ArrayList<>();
        for (Operation operation : Operation.values()) {
            for (Moment moment : Moment.values()) {
                boolean often = operation == Operation.PAYLOAD || operation == Operation.RECORD_HEADER;
                points.add(new KillPoint(operation, moment, 1 + random.nextInt(often ? 30 : 3)));
            }
        }
        java.util.Collections.shuffle(points, random);
        return points;
    }

    private void kill(List<KillPoint> points, int randomMoments) throws Exception {
        System.out.println("KillPointTest: -Dkvstore.test.seed=" + seed);
        int rounds = points.size() + Math.max(0, randomMoments);
        for (int round = 0; round < rounds; round++) {
            if (round % ROUNDS_OF_A_DIRECTORY == 0) {
                right.clear();
            }
            Path place = directory.resolve("d" + round / ROUNDS_OF_A_DIRECTORY);
            KillPoint point = round < points.size() ? points.get(round) : null;
            List<String> said = live(place, point == null ? List.of() : words(point));
            String context = "seed " + seed + ", round " + round + ", " + point;
            said.forEach(this::learn);
            reached += said.contains(KillPoint.HERE) ? 1 : 0;
            // Now and then the next child finds what the last one left.
            if (random.nextInt(4) > 0 || round % ROUNDS_OF_A_DIRECTORY == ROUNDS_OF_A_DIRECTORY - 1) {
                verify(place, context);
            }
        }
        System.out.println("KillPointTest: " + rounds + " rounds, " + reached + " of " + points.size()
                + " named points reached, " + stored + " acknowledged puts");
        assertThat(stored).isPositive();
    }

    private static List<String> words(KillPoint point) {
        return List.of(point.operation().name(), point.moment().name(), Integer.toString(point.count()));
    }

    /** One life of a child; returns what it said before it was killed. */
    private List<String> live(Path place, List<String> point) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), StoreChild.class.getName()));
        command.addAll(List.of(place.toString(), Long.toString(random.nextLong())));
        command.addAll(point);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        List<String> said = new ArrayList<>();
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                said.add(line);
                if (line.equals(KillPoint.HERE)) {
                    kill(process);
                } else if (line.equals("READY") && point.isEmpty()) {
                    int millis = random.nextInt(KILL_MILLIS_MAX);
                    Thread.ofVirtual().start(() -> {
                        try {
                            boolean _ = process.waitFor(millis, TimeUnit.MILLISECONDS);
                        } catch (InterruptedException _) {
                            // killed a little early
                        }
                        kill(process);
                    });
                }
            }
        } finally {
            kill(process);
            int _ = process.waitFor();
        }
        assertThat(said).isNotEmpty().first().asString().startsWith("STARTING");
        return said;
    }

    /** With SIGKILL; the process itself would also close what is still to be read of it. */
    private static void kill(Process process) {
        boolean _ = process.toHandle().destroyForcibly();
    }

    private void learn(String line) {
        String[] words = line.split(" ", -1);
        if (words.length < 3) {
            return;
        }
        Set<Value> values = right.computeIfAbsent(Integer.parseInt(words[1]), _ -> new HashSet<>(Set.of(MISS)));
        switch (words[0]) {
            case "TRY" -> values.add(new Value(Integer.parseInt(words[2]), Integer.parseInt(words[3])));
            case "STORED" -> {
                stored++;
                values.clear();
                values.add(new Value(Integer.parseInt(words[2]), Integer.parseInt(words[3])));
            }
            case "DELETE" -> values.add(MISS);
            case "DELETED" -> {
                values.clear();
                values.add(MISS);
            }
            default -> throw new AssertionError(line);
        }
    }

    private void verify(Path place, String context) throws Exception {
        List<String> complaints = new ArrayList<>();
        StoreListener listener = new StoreListener() {
            @Override
            public void segmentDamaged(SegmentDamage damage) {
                complaints.add("damaged: " + damage);
            }

            @Override
            public void corrupt(String reason) {
                complaints.add("corrupt: " + reason);
            }

            @Override
            public void evicted(long segment, long chunks, long payloadBytes, long ageMillis) {
                complaints.add("evicted: " + segment);
            }
        };
        try (PosixEngine engine = StoreChild.engine(place);
                ChunkStore store = StoreChild.open(place, engine, listener)) {
            for (int key = 0; key < StoreChild.KEYS; key++) {
                Set<Value> values = right.computeIfAbsent(key, _ -> new HashSet<>(Set.of(MISS)));
                byte[] found = StoreChild.get(store, key);
                int number = key;
                Value is = values.stream()
                        .filter(value -> found == null
                                ? value.equals(MISS)
                                : Arrays.equals(found, StoreChild.value(number, value.number(), value.length())))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(context + ": key " + number + " has "
                                + (found == null ? "no value" : found.length + " bytes") + ", right are " + values));
                values.clear();
                values.add(is); // and so it stays
            }
        }
        assertThat(complaints).as(context).isEmpty();
    }
}
