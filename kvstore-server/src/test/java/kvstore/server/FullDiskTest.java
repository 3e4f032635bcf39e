package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.IoFailure;
import org.junit.jupiter.api.Test;

/** What is deleted, and how often it is tried, where a start finds its disk full. */
final class FullDiskTest {
    private final List<String> done = new ArrayList<>();
    private int fullTimes;
    private int files;

    private String open() throws IOException {
        done.add("try");
        if (fullTimes-- > 0) {
            throw new IoFailure(IoFailure.Kind.NO_SPACE, 28, "no space");
        }
        return "open";
    }

    private boolean delete() {
        done.add("delete");
        return files-- > 0;
    }

    @Test
    void nothingIsDeletedWhereThereIsRoom() throws Exception {
        assertThat(FullDisk.open(this::open, this::delete, 0)).isEqualTo("open");
        assertThat(done).containsExactly("try");
    }

    @Test
    void oneFileGoesAndTheSpaceMayComeLater() throws Exception {
        fullTimes = 4;
        files = 5;
        assertThat(FullDisk.open(this::open, this::delete, 0)).isEqualTo("open");
        assertThat(done).containsExactly("try", "delete", "try", "try", "try", "try");
    }

    @Test
    void withNothingToDeleteTheDiskIsTheReason() {
        fullTimes = Integer.MAX_VALUE;
        assertThatThrownBy(() -> FullDisk.open(this::open, this::delete, 0)).hasMessage("no space");
        assertThat(done).containsExactly("try", "delete");
    }

    @Test
    void whoFillsItAllTheTimeDoesNotGetEverything() {
        fullTimes = Integer.MAX_VALUE;
        files = 100;
        assertThatThrownBy(() -> FullDisk.open(this::open, this::delete, 0)).hasMessage("no space");
        assertThat(files).isEqualTo(97);
    }

    @Test
    void anotherFailureDeletesNothing() {
        assertThatThrownBy(() -> FullDisk.open(
                        () -> {
                            throw new IoFailure(IoFailure.Kind.IO, 5, "broken");
                        },
                        this::delete,
                        0))
                .hasMessage("broken");
        assertThat(done).isEmpty();
    }
}
