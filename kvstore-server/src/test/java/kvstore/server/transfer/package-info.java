/** Tests of {@code kvstore.server.transfer}. */
@NullMarked
package kvstore.server.transfer;

import org.jspecify.annotations.NullMarked;
