@NullMarked
package kvstore.server.metrics;

import org.jspecify.annotations.NullMarked;
