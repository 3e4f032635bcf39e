@NullMarked
package kvstore.bench.evict;

import org.jspecify.annotations.NullMarked;
