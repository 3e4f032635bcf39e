package kvstore.server.resp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
final class GlobTest {
    @ParameterizedTest
    @CsvSource({
        "*, anything, true",
        "a*, abc, true",
        "a*, bc, false",
        "a?c, abc, true",
        "a?c, ac, false",
        "a[bx]c, axc, true",
        "a[^bx]c, axc, false",
        "a[a-c]c, abc, true",
        "a[a-c]c, adc, false",
        "a\\*c, a*c, true",
        "a\\*c, abc, false",
        "*b*d, abcd, true",
        "*b*e, abcd, false",
        "a[bc, ab, true",
        "abc, abcd, false"
    })
    void matchesAsRedisDoes(String pattern, String text, boolean matches) {
        assertThat(new Glob(pattern).matches(text)).isEqualTo(matches);
    }

    @Test
    void knowsThePrefix() {
        assertThat(new Glob("model@*x").prefix()).isEqualTo("model@");
    }

    /** A pattern that a matcher with backtracking would never be done with. */
    @Test
    void isNotSlowForAnyPattern() {
        assertThat(new Glob("*a".repeat(500) + "b").matches("a".repeat(1024))).isFalse();
    }
}
