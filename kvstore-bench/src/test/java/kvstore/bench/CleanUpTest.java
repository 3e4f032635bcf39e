package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import kvstore.client.cli.CommandFailure;
import org.junit.jupiter.api.Test;

final class CleanUpTest {
    private final List<String> undone = new ArrayList<>();

    @Test
    void undoesTheLastFirstAndOnce() {
        CleanUp cleanUp = new CleanUp();
        cleanUp.add(() -> undone.add("first"));
        cleanUp.add(() -> undone.add("second"));
        cleanUp.close();
        cleanUp.close();

        assertThat(undone).containsExactly("second", "first");
        assertThat(cleanUp.isClosed()).isTrue();
    }

    @Test
    void undoesAtOnceWhatComesTooLate() {
        CleanUp cleanUp = new CleanUp();
        cleanUp.close();

        assertThatThrownBy(() -> cleanUp.add(() -> undone.add("late"))).isInstanceOf(CommandFailure.class);
        assertThat(undone).containsExactly("late");
    }

    @Test
    void leavesWhatItIsToldToForget() {
        try (CleanUp cleanUp = new CleanUp()) {
            cleanUp.add(() -> undone.add("kept"));
            cleanUp.forget();
        }
        assertThat(undone).isEmpty();
    }
}
