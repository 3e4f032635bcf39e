package kvstore.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import kvstore.server.config.DaemonConfig;
import kvstore.server.config.SecurityConfig;
import kvstore.server.config.TlsConfig;
import kvstore.server.identity.Access;
import kvstore.server.identity.Audit;
import kvstore.server.identity.Tenants;
import kvstore.server.identity.Users;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.tls.Certificates;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the files that say who may come in, and reads them again. */
final class AccessFiles {
    private static final Logger log = LoggerFactory.getLogger(AccessFiles.class);

    private AccessFiles() {}

    /** @throws IOException if one is of no use, naming key, file and cure */
    static Access open(DaemonConfig config, CloseStack parts, DaemonMetrics metrics) throws IOException {
        OpenDoors.of(config)
                .forEach(door -> log.atWarn()
                        .addKeyValue("door", door.name())
                        .addKeyValue("address", door.address())
                        .log("other machines reach this door without TLS, as insecure allows: "
                                + "whoever is on their network may read, write and use what goes over it"));
        SecurityConfig security = config.security();
        Optional<Certificates> certificates = Optional.empty();
        if (security.tls().isPresent()) {
            certificates = Optional.of(parts.add(certificates(security.tls().get(), metrics)));
        }
        Optional<Path> tenantsFile = security.tenantsFile();
        Tenants tenants = tenantsFile.isPresent() ? Tenants.read(tenantsFile.get()) : Tenants.single();
        Optional<Path> usersFile = security.usersFile();
        Optional<Users> users = usersFile.isPresent() ? Optional.of(Users.read(usersFile.get())) : Optional.empty();
        Audit audit = new Audit();
        metrics.bindAudit(audit::admitted, audit::refused);
        return new Access(certificates, tenants, users, audit);
    }

    private static Certificates certificates(TlsConfig tls, DaemonMetrics metrics) throws IOException {
        Certificates opened = Certificates.open(tls);
        metrics.bindCertificates(opened::expiry, opened::loaded, opened::refused, () -> opened.mistake() != null);
        log.atInfo()
                .addKeyValue("file", tls.certificate())
                .addKeyValue("expires", opened.expiry())
                .log("TLS is on");
        return opened;
    }

    /** A mistake in a file is logged and changes nothing. What had no file, or shall have none any more, stays as it is. */
    static void reload(Access access, SecurityConfig changed) {
        if (access.certificates().isPresent() && changed.tls().isPresent()) {
            access.certificates().get().reload(changed.tls().get());
        }
        if (access.tenants().strict() && changed.tenantsFile().isPresent()) {
            access.tenants().reload(changed.tenantsFile().get());
        }
        if (access.users().isPresent() && changed.usersFile().isPresent()) {
            access.users().get().reload(changed.usersFile().get());
        }
    }
}
