@NullMarked
package kvstore.server.simulate;

import org.jspecify.annotations.NullMarked;
