package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

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
    void isABarThatLeavesNothingBehind() {
        try (Progress.Step step = new Progress.Bars(err).moving("store", 100L << 20)) {
            step.advance(100L << 20);
        }

        assertThat(written.toString()).contains("store", "100 MiB").endsWith(" \r");
    }
}
