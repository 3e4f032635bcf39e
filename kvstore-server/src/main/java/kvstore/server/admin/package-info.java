/** The side door for operators: health and metrics over plain HTTP. */
@NullMarked
package kvstore.server.admin;

import org.jspecify.annotations.NullMarked;
