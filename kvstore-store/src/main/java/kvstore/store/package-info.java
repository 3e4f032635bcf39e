/**
 * The log-structured store: chunks in append-only segment files, found through an index in memory.
 *
 * <p>Start at {@link kvstore.store.ChunkStore}. The bytes on disk are described in
 * {@code docs/reference/on-disk-format.md}. Knows no network and makes no native call; the files are read and written
 * through {@link kvstore.api.IoEngine}.
 */
@NullMarked
package kvstore.store;

import org.jspecify.annotations.NullMarked;
