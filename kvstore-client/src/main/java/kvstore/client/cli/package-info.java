/**
 * The {@code kvstore} command line. What other modules add to it, they add through {@link
 * kvstore.client.cli.KvStoreCommand}.
 */
@NullMarked
package kvstore.client.cli;

import org.jspecify.annotations.NullMarked;
