package kvstore.server.view;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SecretsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "resp.password",
                "tls.key-passphrase",
                "-Djavax.net.ssl.keyStorePassword",
                "otlp.auth-token",
                "client-secret",
                "s3.credentials",
                "api-key"
            })
    void whatMayBeOneIsNotShown(String name) {
        assertThat(Secrets.shown(name, "x")).isEqualTo("(redacted)");
        assertThat(Secrets.shown(name, "")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"data.directory", "grpc.max-tokens", "grpc.max-keys", "explain.max-keys", "-Xmx512m"})
    void whatIsNoneIs(String name) {
        assertThat(Secrets.shown(name, "x")).isEqualTo("x");
    }
}
