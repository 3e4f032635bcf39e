/** How the daemon writes its log. What it logs are SLF4J events with key-value pairs. */
@NullMarked
package kvstore.server.log;

import org.jspecify.annotations.NullMarked;
