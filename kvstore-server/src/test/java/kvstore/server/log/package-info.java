@NullMarked
package kvstore.server.log;

import org.jspecify.annotations.NullMarked;
