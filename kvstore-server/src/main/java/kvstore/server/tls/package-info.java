/** The daemon's certificates: read from files, and read again while it runs. */
@NullMarked
package kvstore.server.tls;

import org.jspecify.annotations.NullMarked;
