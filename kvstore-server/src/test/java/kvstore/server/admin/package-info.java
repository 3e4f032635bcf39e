@NullMarked
package kvstore.server.admin;

import org.jspecify.annotations.NullMarked;
