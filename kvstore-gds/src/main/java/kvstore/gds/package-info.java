/**
 * The GPU: libcufile and the CUDA driver by the foreign function API, the engine that moves extents between files and GPU
 * memory, the checksum kernel, and regions in a client's GPU memory. Without a GPU everything here is a value that says
 * why.
 */
@NullMarked
package kvstore.gds;

import org.jspecify.annotations.NullMarked;
