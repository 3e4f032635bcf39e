/** {@code kvstore bench-eviction}: what eviction costs those who read meanwhile. */
@NullMarked
package kvstore.bench.evict;

import org.jspecify.annotations.NullMarked;
