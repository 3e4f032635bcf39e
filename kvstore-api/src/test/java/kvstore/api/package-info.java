@NullMarked
package kvstore.api;

import org.jspecify.annotations.NullMarked;
