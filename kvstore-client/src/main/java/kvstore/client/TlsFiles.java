package kvstore.client;

import io.grpc.ChannelCredentials;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a client needs for TLS, all of it PEM.
 *
 * @param authorities who signs the daemon's certificate
 * @param identity what the client shows; empty for nothing, which no daemon with TLS lets in
 * @param serverName what the daemon's certificate has to be for; empty for the host of the target
 */
public record TlsFiles(Path authorities, Optional<Identity> identity, String serverName) {
    /**
     * A client's own certificate.
     *
     * @param certificate its own, then those between it and an authority that the daemon knows
     * @param key its private key, PKCS #8 without a password
     */
    public record Identity(Path certificate, Path key) {}

    /** @throws KvStoreException if a file cannot be read or is no PEM file */
    ChannelCredentials credentials() {
        try {
            TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder()
                    .trustManager(readable(authorities).toFile());
            if (identity.isPresent()) {
                builder.keyManager(
                        readable(identity.get().certificate()).toFile(),
                        readable(identity.get().key()).toFile());
            }
            return builder.build();
        } catch (IOException e) {
            throw new KvStoreException(
                    Status.Code.FAILED_PRECONDITION, "cannot read a file for TLS: " + e.getMessage(), e);
        }
    }

    private static Path readable(Path file) throws IOException {
        if (!Files.isReadable(file)) {
            throw new IOException(file + " is not there, or not readable");
        }
        return file;
    }
}
