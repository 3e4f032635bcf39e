/** The daemon: the only place that wires the rooms together, and their life from start to stop. */
@NullMarked
package kvstore.server;

import org.jspecify.annotations.NullMarked;
