package kvstore.client.cli;

import java.nio.file.Path;
import java.util.Optional;
import kvstore.client.TlsFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How to prove to a daemon with TLS who one is: a picocli mixin. */
final class TlsOptions {
    @Option(
            names = "--ca",
            paramLabel = "FILE",
            defaultValue = "${env:KVSTORE_CA}",
            description = {
                "TLS: the authorities of the daemon's certificate, in PEM.",
                "Default: $KVSTORE_CA if set, else no TLS."
            })
    private @Nullable Path ca;

    @Option(
            names = "--cert",
            paramLabel = "FILE",
            defaultValue = "${env:KVSTORE_CERT}",
            description = "TLS: the own certificate, in PEM. Default: $KVSTORE_CERT.")
    private @Nullable Path certificate;

    @Option(
            names = "--cert-key",
            paramLabel = "FILE",
            defaultValue = "${env:KVSTORE_CERT_KEY}",
            description = "TLS: its private key, in PEM (PKCS #8). Default: $KVSTORE_CERT_KEY.")
    private @Nullable Path key;

    @Option(
            names = "--server-name",
            paramLabel = "NAME",
            defaultValue = "",
            description = "TLS: the name in the daemon's certificate, where it is not the host of --target.")
    private String serverName;

    /** Empty for no TLS. */
    Optional<TlsFiles> files() {
        if ((certificate == null) != (key == null)) {
            throw new CommandFailure(ExitCode.USAGE, "--cert and --cert-key belong together");
        }
        if (ca == null) {
            if (certificate != null || !serverName.isEmpty()) {
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "--cert and --server-name need --ca, the authorities of the daemon's certificate");
            }
            return Optional.empty();
        }
        Optional<TlsFiles.Identity> identity = certificate == null || key == null
                ? Optional.empty()
                : Optional.of(new TlsFiles.Identity(certificate, key));
        return Optional.of(new TlsFiles(ca, identity, serverName));
    }
}
