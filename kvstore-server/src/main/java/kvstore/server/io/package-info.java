/**
 * What stands between the store and its engine so that nobody waits for a disk that is busy or gone: byte budgets with
 * reads first, the rate that the disk is measured at, and a breaker for each direction. Knows nothing of file systems.
 */
@NullMarked
package kvstore.server.io;

import org.jspecify.annotations.NullMarked;
