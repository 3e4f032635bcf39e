package kvstore.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LoadPlanTest {
    @Test
    void goesInWaves() {
        assertThat(new LoadPlan(List.of(1024L), 64, 16, 3).waves()).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource({"1000,64,32,3", "0,64,32,3", "1024,0,1,3", "1024,64,0,3", "1024,64,65,3", "1024,64,30,3", "1024,64,32,0"
    })
    void refusesWhatItCannotDo(long size, int count, int inFlight, int rounds) {
        assertThatThrownBy(() -> new LoadPlan(List.of(size), count, inFlight, rounds))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--");
    }
}
