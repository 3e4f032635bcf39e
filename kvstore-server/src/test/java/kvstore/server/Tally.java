package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import kvstore.v1.GetResponse;
import kvstore.v1.PutResponse;

/** What clients were answered, by the words of the metrics, to be compared with what the daemon says it answered. */
final class Tally {
    private final Map<String, LongAdder> answers = new ConcurrentHashMap<>();

    void add(PutResponse answer) {
        add(
                "kvstore_put_chunks_total",
                word(answer.getStatus(), "PUT_STATUS_"),
                word(answer.getReason(), "PUT_REASON_"));
    }

    void add(GetResponse last) {
        add("kvstore_get_chunks_total", word(last.getStatus(), "GET_STATUS_"), word(last.getReason(), "MISS_REASON_"));
    }

    private void add(String metric, String status, String reason) {
        answers.computeIfAbsent(metric + " " + status + " " + reason, _ -> new LongAdder())
                .increment();
    }

    /** How many answers of an operation ended so, such as {@code get miss corrupt}. */
    long count(String operation, String status, String reason) {
        LongAdder count = answers.get("kvstore_" + operation + "_chunks_total " + status + " " + reason);
        return count == null ? 0 : count.sum();
    }

    /** Every answer was counted, under its own name. */
    void assertCounted(Scrape scrape) {
        assertThat(answers).isNotEmpty();
        answers.forEach((answer, count) -> {
            List<String> words = List.of(answer.split(" ", -1));
            assertThat(scrape.count(words.get(0), "status=\"" + words.get(1) + "\"", "reason=\"" + words.get(2) + "\""))
                    .as("%s, all answers: %s", answer, this)
                    .isEqualTo(count.sum());
        });
    }

    private static String word(Enum<?> constant, String prefix) {
        String word = constant.name().substring(prefix.length()).toLowerCase(Locale.ROOT);
        return word.equals("unspecified") ? "none" : word;
    }

    @Override
    public String toString() {
        return new TreeMap<>(answers).toString();
    }
}
