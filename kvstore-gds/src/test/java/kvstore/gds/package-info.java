/** Tests of the GPU path, on stand-ins for the two libraries that need no GPU. */
@NullMarked
package kvstore.gds;

import org.jspecify.annotations.NullMarked;
