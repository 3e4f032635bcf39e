/**
 * What an operator sees of a daemon, as messages of the contract: the same for gRPC and for the page. Nothing here changes
 * anything.
 */
@NullMarked
package kvstore.server.view;

import org.jspecify.annotations.NullMarked;
