/**
 * Cache trees that LMCache keeps on file systems: how their files are named and laid out, and under which key of this
 * store each chunk lies. Knows no daemon and no command line.
 */
@NullMarked
package kvstore.client.lmcache;

import org.jspecify.annotations.NullMarked;
