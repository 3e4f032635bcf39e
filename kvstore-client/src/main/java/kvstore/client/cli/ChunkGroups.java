package kvstore.client.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import kvstore.api.ChunkKey;
import kvstore.client.lmcache.KeyParts;
import kvstore.v1.ListedChunk;

/** Counts chunks by what their keys say. Bounded: keys may be anything, so what comes late is counted together. */
final class ChunkGroups {
    /** What chunks can be counted by. */
    enum By {
        MODEL,
        RANK,
        NAMESPACE;

        String of(ListedChunk chunk, ChunkKey key) {
            return switch (this) {
                case MODEL -> KeyParts.of(key).model();
                case RANK -> KeyParts.of(key).rank();
                case NAMESPACE -> chunk.getNamespace().isEmpty() ? "-" : chunk.getNamespace();
            };
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** picocli shows this, and takes it in any case. */
        @Override
        public String toString() {
            return label();
        }
    }

    static final int GROUPS_MAX = 1000;
    private static final String OTHERS = "(others)";

    private record Sum(long chunks, long bytes) {
        Sum plus(long moreBytes) {
            return new Sum(chunks + 1, bytes + moreBytes);
        }
    }

    private final List<By> by;
    private final Map<List<String>, Sum> groups = new LinkedHashMap<>();

    ChunkGroups(List<By> by) {
        this.by = List.copyOf(by);
    }

    void add(ListedChunk chunk, ChunkKey key) {
        List<String> group = by.stream().map(column -> column.of(chunk, key)).toList();
        if (!groups.containsKey(group) && groups.size() >= GROUPS_MAX) {
            group = by.stream().map(_ -> OTHERS).toList();
        }
        groups.put(group, groups.getOrDefault(group, new Sum(0, 0)).plus(chunk.getLength()));
    }

    /** Largest first. */
    private List<Map.Entry<List<String>, Sum>> sorted() {
        List<Map.Entry<List<String>, Sum>> rows = new ArrayList<>(groups.entrySet());
        rows.sort(Comparator.comparingLong(row -> -row.getValue().bytes()));
        return rows;
    }

    Table table() {
        Table table = new Table();
        List<Object> head =
                new ArrayList<>(by.stream().map(column -> column.name()).toList());
        head.addAll(List.of("CHUNKS", "BYTES", ""));
        table.add(head.toArray());
        for (Map.Entry<List<String>, Sum> row : sorted()) {
            List<Object> cells = new ArrayList<>(row.getKey());
            Sum sum = row.getValue();
            cells.addAll(List.of(sum.chunks(), sum.bytes(), Words.size(sum.bytes())));
            table.add(cells.toArray());
        }
        return table;
    }

    List<Map<String, Object>> json() {
        List<Map<String, Object>> list = new ArrayList<>();
        for (Map.Entry<List<String>, Sum> row : sorted()) {
            Map<String, Object> group = new LinkedHashMap<>();
            for (int i = 0; i < by.size(); i++) {
                group.put(by.get(i).label(), row.getKey().get(i));
            }
            group.put("chunks", row.getValue().chunks());
            group.put("bytes", row.getValue().bytes());
            list.add(group);
        }
        return list;
    }
}
