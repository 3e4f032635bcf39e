/** {@code kvstore bench}: this daemon, LMCache's own backends, Redis and fio, on one directory in one run. */
@NullMarked
package kvstore.bench.load;

import org.jspecify.annotations.NullMarked;
