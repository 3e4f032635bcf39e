@NullMarked
package kvstore.server.resp;

import org.jspecify.annotations.NullMarked;
