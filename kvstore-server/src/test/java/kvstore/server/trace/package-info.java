@NullMarked
package kvstore.server.trace;

import org.jspecify.annotations.NullMarked;
