@NullMarked
package kvstore.server.scrub;

import org.jspecify.annotations.NullMarked;
