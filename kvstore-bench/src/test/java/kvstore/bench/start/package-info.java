@NullMarked
package kvstore.bench.start;

import org.jspecify.annotations.NullMarked;
