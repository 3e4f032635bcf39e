/**
 * The words of the domain and the seams between the rooms: keys, buffers, checksums and the I/O engine.
 * This module knows no other.
 */
@NullMarked
package kvstore.api;

import org.jspecify.annotations.NullMarked;
