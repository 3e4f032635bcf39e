package kvstore.server.config;

/**
 * What a key was set to.
 *
 * @param text not yet parsed
 * @param origin who said so, for people: {@code default}, {@code kvstore.yaml:12}, {@code KVSTORE_NODE}, {@code --set}
 */
record Assignment(String text, String origin) {
    static final String DEFAULT_ORIGIN = "default";

    static Assignment ofDefault(Setting<?> setting) {
        return new Assignment(setting.defaultText(), DEFAULT_ORIGIN);
    }

    boolean isDefault() {
        return origin.equals(DEFAULT_ORIGIN);
    }
}
