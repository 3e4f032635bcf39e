/** Who calls, and what they may. */
@NullMarked
package kvstore.server.identity;

import org.jspecify.annotations.NullMarked;
