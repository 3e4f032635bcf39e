/** Looks through the store for what went bad unseen: when an operator asks, and in the background at a bounded rate. */
@NullMarked
package kvstore.server.scrub;

import org.jspecify.annotations.NullMarked;
