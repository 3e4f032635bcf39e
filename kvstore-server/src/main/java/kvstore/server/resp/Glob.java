package kvstore.server.resp;

/**
 * A pattern of SCAN: {@code *}, {@code ?}, {@code [a-z]}, {@code [^a]}, and {@code \} before what stands for itself.
 * Matching takes at most pattern times text steps, whatever the pattern is.
 */
final class Glob {
    private final String pattern;

    Glob(String pattern) {
        this.pattern = pattern;
    }

    /** What everything that matches begins with. */
    String prefix() {
        int end = 0;
        while (end < pattern.length() && "*?[\\".indexOf(pattern.charAt(end)) < 0) {
            end++;
        }
        return pattern.substring(0, end);
    }

    boolean matches(String text) {
        int at = 0;
        int from = 0;
        int starAt = -1;
        int starFrom = 0;
        while (from < text.length()) {
            if (at < pattern.length() && pattern.charAt(at) == '*') {
                starAt = ++at;
                starFrom = from;
            } else if (at < pattern.length() && matchesOne(at, text.charAt(from))) {
                at = afterOne(at);
                from++;
            } else if (starAt >= 0) {
                // the last star takes one more
                at = starAt;
                from = ++starFrom;
            } else {
                return false;
            }
        }
        while (at < pattern.length() && pattern.charAt(at) == '*') {
            at++;
        }
        return at == pattern.length();
    }

    private boolean matchesOne(int at, char character) {
        char first = pattern.charAt(at);
        return switch (first) {
            case '?' -> true;
            case '[' -> isInClass(at, character);
            case '\\' -> character == (at + 1 < pattern.length() ? pattern.charAt(at + 1) : '\\');
            default -> character == first;
        };
    }

    private int afterOne(int at) {
        return switch (pattern.charAt(at)) {
            case '[' -> Math.min(endOfClass(at) + 1, pattern.length());
            case '\\' -> Math.min(at + 2, pattern.length());
            default -> at + 1;
        };
    }

    private boolean isInClass(int at, char character) {
        int end = endOfClass(at);
        int i = at + 1;
        boolean negated = i < end && pattern.charAt(i) == '^';
        if (negated) {
            i++;
        }
        boolean found = false;
        while (i < end) {
            if (i + 2 < end && pattern.charAt(i + 1) == '-') {
                found |= pattern.charAt(i) <= character && character <= pattern.charAt(i + 2);
                i += 3;
            } else {
                found |= pattern.charAt(i) == character;
                i++;
            }
        }
        return found != negated;
    }

    /** Where the class that begins at {@code at} has its {@code ]}; one that has none goes to the end. */
    private int endOfClass(int at) {
        int end = pattern.indexOf(']', at + 1);
        return end < 0 ? pattern.length() : end;
    }
}
