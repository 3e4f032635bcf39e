package kvstore.server.config;

import java.nio.file.Path;
import java.time.Duration;

/**
 * TLS on the gRPC door, always with certificates on both sides.
 *
 * @param certificate PEM: the daemon's own, then those between it and an authority that clients know
 * @param key PEM: its private key
 * @param clientCa PEM: the authorities of clients' certificates
 * @param reloadInterval how often the three files are looked at
 */
public record TlsConfig(Path certificate, Path key, Path clientCa, Duration reloadInterval) {}
