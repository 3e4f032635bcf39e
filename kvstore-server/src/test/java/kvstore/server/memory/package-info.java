@NullMarked
package kvstore.server.memory;

import org.jspecify.annotations.NullMarked;
