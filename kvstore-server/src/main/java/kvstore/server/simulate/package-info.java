/**
 * {@code kvstore simulate}: replays a trace of requests through the store itself, over memory that keeps no payload, and
 * shows what each policy of eviction makes of it.
 */
@NullMarked
package kvstore.server.simulate;

import org.jspecify.annotations.NullMarked;
