/**
 * Memory that client processes of this machine share with the daemon: the socket on which it is handed over, and its life
 * until the last read or write in it has ended. What moves chunks between it and the disk is in
 * {@link kvstore.server.grpc}.
 */
@NullMarked
package kvstore.server.region;

import org.jspecify.annotations.NullMarked;
