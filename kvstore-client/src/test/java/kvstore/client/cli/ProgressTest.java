package kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

@NullMarked
final class ProgressTest {
    private final StringWriter written = new StringWriter();
    private final PrintWriter err = new PrintWriter(written);

    @Test
    void isOneLineAStepWithoutATerminal() {
        Progress progress = new Progress.Lines(err);
        progress.say("starting");
        try (Progress.Step step = progress.moving("store", 100)) {
            step.advance(50);
        }

        assertThat(written).hasToString("starting ...\nstore ...\n");
    }

    @Test
    void isOneLineATenthWhereAStepTakesMinutes() {
        try (Progress.Step step = new Progress.Tenths(err).moving("import", 4096)) {
            step.advance(400);
            step.advance(100);
            step.advance(3596);
        }

        assertThat(written)
                .hasToString("import ...\nimport: 10 % (500 B of 4.0 KiB)\nimport: 100 % (4.0 KiB of 4.0 KiB)\n");
    }

    @Test
    void isABarThatLeavesNothingBehind() {
        try (Progress.Step step = new Progress.Bars(err).moving("store", 100L << 20)) {
            step.advance(100L << 20);
        }

        assertThat(written.toString()).contains("store", "100 MiB").endsWith(" \r");
    }
}
