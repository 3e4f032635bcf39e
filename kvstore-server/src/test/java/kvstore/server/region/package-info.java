/** Tests of {@code kvstore.server.region}. */
@NullMarked
package kvstore.server.region;

import org.jspecify.annotations.NullMarked;
