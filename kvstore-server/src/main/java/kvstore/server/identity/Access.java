package kvstore.server.identity;

import java.util.Optional;
import kvstore.server.tls.Certificates;

/**
 * What doors ask about those who come in.
 *
 * @param certificates empty where there is no TLS
 * @param users empty where the RESP door has no passwords
 */
public record Access(Optional<Certificates> certificates, Tenants tenants, Optional<Users> users, Audit audit) {}
