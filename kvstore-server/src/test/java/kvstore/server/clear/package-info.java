@NullMarked
package kvstore.server.clear;

import org.jspecify.annotations.NullMarked;
