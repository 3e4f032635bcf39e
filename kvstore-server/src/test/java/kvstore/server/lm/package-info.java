/** Tests of the door for {@code lm://} from inside. */
@NullMarked
package kvstore.server.lm;

import org.jspecify.annotations.NullMarked;
