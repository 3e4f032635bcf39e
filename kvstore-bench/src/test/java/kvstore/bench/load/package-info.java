@NullMarked
package kvstore.bench.load;

import org.jspecify.annotations.NullMarked;
