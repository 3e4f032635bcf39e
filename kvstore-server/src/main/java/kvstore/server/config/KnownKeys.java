package kvstore.server.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which keys there are, and which one somebody may have meant. */
final class KnownKeys {
    private static final Set<String> PATHS =
            Settings.ALL.stream().map(Setting::path).collect(Collectors.toUnmodifiableSet());
    private static final Set<String> SECTIONS = Settings.ALL.stream()
            .map(Setting::section)
            .filter(section -> !section.isEmpty())
            .collect(Collectors.toUnmodifiableSet());

    private KnownKeys() {}

    static boolean isKnown(String path) {
        return PATHS.contains(path);
    }

    static boolean isSection(String path) {
        return SECTIONS.contains(path);
    }

    /** The sentence for a key that is none. */
    static String unknown(String path) {
        List<String> names = Stream.concat(PATHS.stream(), SECTIONS.stream()).toList();
        return "%s: is not a key; did you mean %s?".formatted(path, nearest(path, names));
    }

    /** The candidate that the fewest inserted, removed or changed characters turn into {@code text}. */
    static String nearest(String text, Collection<String> candidates) {
        return candidates.stream()
                .min(Comparator.comparingInt((String candidate) -> distance(text, candidate))
                        .thenComparing(Comparator.naturalOrder()))
                .orElseThrow();
    }

    /** Levenshtein's distance, a row at a time. */
    static int distance(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int change = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.length()];
    }
}
