/** The Java client of the daemon. Payload goes between the network and the caller's off-heap memory. */
@NullMarked
package kvstore.client;

import org.jspecify.annotations.NullMarked;
