/** Tests of {@code kvstore.server.io}. */
@NullMarked
package kvstore.server.io;

import org.jspecify.annotations.NullMarked;
