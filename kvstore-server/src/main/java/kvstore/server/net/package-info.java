/** What the doors of the daemon share of sockets. */
@NullMarked
package kvstore.server.net;

import org.jspecify.annotations.NullMarked;
