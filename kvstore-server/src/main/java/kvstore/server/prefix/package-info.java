/**
 * What LMCache calls the chunks of a prompt: its chained prefix hashes, and the keys of the objects of each chunk. The
 * store needs none of it, because keys are opaque there; a router that asks with a prompt's tokens does.
 */
@NullMarked
package kvstore.server.prefix;

import org.jspecify.annotations.NullMarked;
