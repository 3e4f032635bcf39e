package kvstore.store;

import java.util.UUID;

/**
 * Who this store is.
 *
 * @param pool identity of the pool, from its marker
 * @param node name of the node
 * @param epoch grows by one at every start on this node directory
 */
public record PoolIdentity(UUID pool, String node, long epoch) {}
