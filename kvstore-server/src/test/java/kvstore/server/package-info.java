@NullMarked
package kvstore.server;

import org.jspecify.annotations.NullMarked;
