package kvstore.server.config;

/**
 * What is remembered of keys that are not here any more.
 *
 * @param maxKeys how many
 */
public record ExplainConfig(int maxKeys) {}
