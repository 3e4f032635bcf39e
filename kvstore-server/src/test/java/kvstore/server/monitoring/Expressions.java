package kvstore.server.monitoring;

import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes expressions of PromQL apart, as far as our own use its grammar. */
public final class Expressions {
    private static final Pattern GROUPING = Pattern.compile("\\b(by|on|without|ignoring)\\s*\\([^)]*\\)");

    /** A name that is no function, with its labels if it has any. */
    private static final Pattern SELECTOR = Pattern.compile("(?<![\\w:])[a-zA-Z_:][\\w:]*+(\\{[^}]*})?+(?!\\s*\\()");

    private static final Set<String> WORDS = Set.of("and", "or", "unless", "bool");

    /** Comparisons; what stands in braces is found first, because there the same signs compare labels. */
    private static final Pattern COMPARISON = Pattern.compile("\\{[^}]*}|(==|!=|>=|<=|>|<)(?!\\s*bool)");

    private Expressions() {}

    /** Every metric that the expression names, with the labels it asks for, such as {@code up{job="kvstore"}}. */
    public static List<String> selectors(String expression) {
        return SELECTOR.matcher(GROUPING.matcher(expression).replaceAll(""))
                .results()
                .map(found -> found.group())
                .filter(name -> !WORDS.contains(name))
                .distinct()
                .toList();
    }

    /** The name alone. */
    public static String name(String selector) {
        return selector.replaceFirst("\\{.*", "");
    }

    /** The same with the truth of each comparison as its value, so that what does not hold has series too. */
    public static String comparisonsAsValues(String expression) {
        return COMPARISON
                .matcher(expression)
                .replaceAll(found -> found.group().startsWith("{")
                        ? Matcher.quoteReplacement(found.group())
                        : found.group() + " bool");
    }
}
