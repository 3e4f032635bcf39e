package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import kvstore.v1.LookupResponse;
import kvstore.v1.PutStatus;
import org.jspecify.annotations.Nullable;

/**
 * What clients know of a store whose daemon may be killed at any time: what was acknowledged has to be there, in a segment
 * that is there; what was not may be there, exactly, or not. Thread-safe while puts are under way.
 */
final class CrashModel {
    private static final int OLD_SAMPLES = 8;
    private static final int KEYS_PER_LOOKUP = 1000;

    private static final class Known {
        /** Of the value that was acknowledged last; 0 for none. */
        int acknowledged;

        /** Of values that were sent since then, without an answer. */
        final Set<Integer> unanswered = ConcurrentHashMap.newKeySet();

        /** Where the acknowledged value was seen to lie; null since it was stored. */
        @Nullable
        Long segment;

        /** Whether anything was sent since the last look at it. */
        boolean touched;

        boolean mayBe(int length) {
            return length == acknowledged || unanswered.contains(length);
        }

        @Override
        public String toString() {
            return "acknowledged %d, unanswered %s, segment %s".formatted(acknowledged, unanswered, segment);
        }
    }

    private final SegmentFiles files;
    private final Map<String, Known> known = new ConcurrentHashMap<>();
    private final AtomicLong acknowledgements = new AtomicLong();

    CrashModel(SegmentFiles files) {
        this.files = files;
    }

    /** Before a value is sent. Only one put of a key at a time. */
    void sending(String key, int length) {
        Known state = known.computeIfAbsent(key, _ -> new Known());
        synchronized (state) {
            state.unanswered.add(length);
            state.touched = true;
        }
    }

    void answered(String key, int length, PutStatus status) {
        if (status != PutStatus.PUT_STATUS_STORED && status != PutStatus.PUT_STATUS_ALREADY_STORED) {
            return; // shed: a daemon that is being stopped, or nothing more than a put without an answer
        }
        Known state = state(key);
        synchronized (state) {
            if (status == PutStatus.PUT_STATUS_STORED) {
                state.segment = null;
            }
            state.acknowledged = length;
            state.unanswered.clear();
        }
        acknowledgements.incrementAndGet();
    }

    long acknowledgements() {
        return acknowledgements.get();
    }

    /**
     * Looks at every key, and at the bytes of all that were sent since the last time and of some others.
     *
     * @param seed for the failure message
     * @return how many segments were evicted that held something
     */
    int verify(GeneratedStubs stubs, Random random, String seed) {
        Map<String, Integer> found = lookup(stubs);
        Set<Long> evicted = ConcurrentHashMap.newKeySet();
        List<String> others = new ArrayList<>();
        known.forEach((key, state) -> {
            int length = found.getOrDefault(key, 0);
            if (length == 0 && state.segment != null && !Files.exists(files.file(state.segment))) {
                evicted.add(state.segment);
                state.acknowledged = 0;
            }
            assertThat(state.mayBe(length))
                    .as("%s: %s has %s bytes; %s", seed, key, length, state)
                    .isTrue();
            if (length > 0 && state.touched) {
                verifyBytes(stubs, key, length, seed);
            } else if (length > 0) {
                others.add(key);
            }
        });
        for (int i = 0; i < OLD_SAMPLES && !others.isEmpty(); i++) {
            String key = others.get(random.nextInt(others.size()));
            verifyBytes(stubs, key, found.getOrDefault(key, 0), seed);
        }
        settle(found, SegmentFiles.byKey(stubs));
        return evicted.size();
    }

    /** Keys that are there, to be put again. */
    List<String> keys() {
        return known.entrySet().stream()
                .filter(entry -> entry.getValue().acknowledged > 0)
                .map(Map.Entry::getKey)
                .sorted()
                .collect(Collectors.toCollection(ArrayList::new));
    }

    int length(String key) {
        return state(key).acknowledged;
    }

    private Map<String, Integer> lookup(GeneratedStubs stubs) {
        Map<String, Integer> found = new ConcurrentHashMap<>();
        List<String> keys = List.copyOf(known.keySet());
        for (int from = 0; from < keys.size(); from += KEYS_PER_LOOKUP) {
            List<String> some = keys.subList(from, Math.min(keys.size(), from + KEYS_PER_LOOKUP));
            LookupResponse response = stubs.lookup(some.toArray(String[]::new));
            for (int i = 0; i < some.size(); i++) {
                found.put(some.get(i), (int) response.getSizes(i));
            }
        }
        return found;
    }

    private static void verifyBytes(GeneratedStubs stubs, String key, int length, String seed) {
        GeneratedStubs.Got got = stubs.get(key);
        assertThat(got.hit()).as("%s: %s: %s", seed, key, got.last()).isTrue();
        ByteString right = Payloads.bytes(key, length);
        assertThat(got.data().equals(right))
                .as("%s: %s has the bytes that were put", seed, key)
                .isTrue();
    }

    /** What is there now counts as acknowledged: it must not vanish later. */
    private void settle(Map<String, Integer> found, Map<String, Long> segments) {
        known.forEach((key, state) -> {
            state.acknowledged = found.getOrDefault(key, 0);
            state.unanswered.clear();
            state.segment = segments.get(key);
            state.touched = false;
        });
        known.values().removeIf(state -> state.acknowledged == 0);
    }

    private Known state(String key) {
        Known state = known.get(key);
        if (state == null) {
            throw new IllegalStateException(key);
        }
        return state;
    }
}
