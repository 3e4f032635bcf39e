/**
 * The door for {@code lm://}, LMCache's own TCP protocol. docs/reference/lm-protocol.md has its bytes; what lies behind the
 * socket is {@link kvstore.server.transfer}.
 */
@NullMarked
package kvstore.server.lm;

import org.jspecify.annotations.NullMarked;
