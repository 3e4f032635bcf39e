/** What the daemon adds to the {@code kvstore} command line: {@code serve} and {@code config}. */
@NullMarked
package kvstore.server.command;

import org.jspecify.annotations.NullMarked;
