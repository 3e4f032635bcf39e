/**
 * The file system: libc by the foreign function API, the engine that reads and writes past the page cache, and the
 * memory it does so with. Nothing here needs Lustre; what Lustre demands is kept on every file system.
 */
@NullMarked
package kvstore.lustre;

import org.jspecify.annotations.NullMarked;
