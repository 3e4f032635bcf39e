package kvstore.store;

import java.nio.file.Path;
import kvstore.api.ChunkKey;
import org.jspecify.annotations.Nullable;

/**
 * A record that is not what was put.
 *
 * @param key as the index area has it; null if that cannot be read
 * @param file of its segment
 * @param offset of its header in the file, in bytes
 * @param length of the value in bytes, as the index area has it
 * @param reason what was seen
 */
public record BadRecord(@Nullable ChunkKey key, Path file, long offset, long length, String reason) {}
