/** Makes the packages: one tree of files as they will lie on a machine, and each format from that tree. */
@NullMarked
package kvstore.dist;

import org.jspecify.annotations.NullMarked;
