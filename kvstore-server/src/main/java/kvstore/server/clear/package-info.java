/** Makes the store forget all of a kind, when an operator asks. */
@NullMarked
package kvstore.server.clear;

import org.jspecify.annotations.NullMarked;
