@NullMarked
package kvstore.server.prefix;

import org.jspecify.annotations.NullMarked;
