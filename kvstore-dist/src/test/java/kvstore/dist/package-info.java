/** The packages that the build before these tests left, looked at and used. */
@NullMarked
package kvstore.dist;

import org.jspecify.annotations.NullMarked;
