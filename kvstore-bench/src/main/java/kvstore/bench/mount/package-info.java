/** {@code kvstore verify-mount}: whether a directory is what the store needs. */
@NullMarked
package kvstore.bench.mount;

import org.jspecify.annotations.NullMarked;
