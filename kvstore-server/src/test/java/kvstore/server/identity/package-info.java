@NullMarked
package kvstore.server.identity;

import org.jspecify.annotations.NullMarked;
