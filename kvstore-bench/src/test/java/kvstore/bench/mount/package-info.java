@NullMarked
package kvstore.bench.mount;

import org.jspecify.annotations.NullMarked;
