package kvstore.server.config;

/**
 * What holds for a key.
 *
 * @param path as in {@code data.directory}
 * @param value as a file would say it, {@code auto} worked out where this machine decides it
 * @param origin who said so: {@code default}, {@code kvstore.yaml:12}, {@code KVSTORE_NODE} or {@code --set}
 */
public record EffectiveValue(String path, String value, String origin) {
    /** The part of {@link #path} before the dot, or empty. */
    public String section() {
        return path.substring(0, Math.max(0, path.indexOf('.')));
    }

    /** The part of {@link #path} after the dot. */
    public String key() {
        return path.substring(path.indexOf('.') + 1);
    }
}
