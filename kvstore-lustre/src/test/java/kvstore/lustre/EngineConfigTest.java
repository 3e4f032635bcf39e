package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import kvstore.lustre.EngineConfig.DirectMode;
import org.junit.jupiter.api.Test;

final class EngineConfigTest {
    @Test
    void hasTheseDefaults() {
        assertThat(EngineConfig.defaults()).isEqualTo(new EngineConfig(16, 8, DirectMode.AUTO));
    }

    @Test
    void quotesWhatItRefuses() {
        assertThatThrownBy(() -> new EngineConfig(0, 8, DirectMode.AUTO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("readThreads is 1 to 256, not 0");
        assertThatThrownBy(() -> new EngineConfig(16, 257, DirectMode.AUTO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("writeThreads is 1 to 256, not 257");
    }
}
