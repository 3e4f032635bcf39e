/** {@code kvstore bench-start}: how long a daemon takes from nothing to serving. */
@NullMarked
package kvstore.bench.start;

import org.jspecify.annotations.NullMarked;
