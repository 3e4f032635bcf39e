/** The fixed budget of payload memory: one pool, sized at start, that every byte in flight lives in. */
@NullMarked
package kvstore.server.memory;

import org.jspecify.annotations.NullMarked;
