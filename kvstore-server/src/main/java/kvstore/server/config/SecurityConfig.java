package kvstore.server.config;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Who may come in.
 *
 * @param insecure doors that may listen without TLS where other machines reach them
 * @param tls empty for none
 * @param tenantsFile who is which tenant; empty for one that everybody is
 * @param usersFile passwords of the RESP door; empty for none
 * @param auditFile where admin calls and refusals go; empty for the log
 */
public record SecurityConfig(
        Set<Door> insecure,
        Optional<TlsConfig> tls,
        Optional<Path> tenantsFile,
        Optional<Path> usersFile,
        Optional<Path> auditFile) {
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
