package kvstore.server.config;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Who may come in.
 *
 * @param insecure doors that may listen without TLS where other machines reach them
 * @param tls empty for none
 */
public record SecurityConfig(Set<Door> insecure, Optional<TlsConfig> tls) {
    /** What listens on TCP. */
    public enum Door {
        GRPC,
        RESP,
        LM,
        ADMIN;

        /** As in the configuration. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
