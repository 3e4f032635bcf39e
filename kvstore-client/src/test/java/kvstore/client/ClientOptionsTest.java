package kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ClientOptionsTest {
    @Test
    void defaults() {
        ClientOptions defaults = ClientOptions.defaults();
        assertThat(defaults.timeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(defaults.transferConnections()).isEqualTo(2);
        assertThat(defaults.clientName()).isEqualTo("kvstore-java");
        assertThat(defaults.clientId())
                .hasSize(36)
                .isNotEqualTo(ClientOptions.defaults().clientId());
    }

    @Test
    void refusesWhatTheContractForbids() {
        ClientOptions defaults = ClientOptions.defaults();
        assertThatThrownBy(() -> defaults.withTimeout(Duration.ZERO)).hasMessageContaining("timeout");
        assertThatThrownBy(() -> defaults.withTransferConnections(0)).hasMessageContaining("transferConnections");
        assertThatThrownBy(() -> defaults.withTransferConnections(65)).hasMessageContaining("65");
        assertThatThrownBy(() -> defaults.withClientName("n".repeat(129))).hasMessageContaining("clientName");
        assertThatThrownBy(() -> defaults.withClientId("ä".repeat(33))).hasMessageContaining("clientId");
    }
}
