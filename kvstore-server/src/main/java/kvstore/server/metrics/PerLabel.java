package kvstore.server.metrics;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * One meter for each value of a label. A meter is made when it is first asked for, because most pairs of status and reason
 * never happen and would only lengthen every scrape; after that, asking neither allocates nor locks.
 */
final class PerLabel<K extends Enum<K>, V> {
    private final ConcurrentMap<K, V> meters = new ConcurrentHashMap<>();
    private final Function<K, V> make;

    PerLabel(Function<K, V> make) {
        this.make = make;
    }

    /** Those that were asked for. */
    void forEach(BiConsumer<K, V> each) {
        meters.forEach(each);
    }

    V get(K label) {
        return meters.computeIfAbsent(label, make);
    }
}
