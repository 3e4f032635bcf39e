@NullMarked
package kvstore.server.command;

import org.jspecify.annotations.NullMarked;
