package kvstore.server.config;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import kvstore.lustre.EngineConfig.DirectMode;

/**
 * Where the chunks lie and how they are read and written.
 *
 * @param directory the pool's directory; absolute
 * @param moreDirectories further ones for this node's segments; absolute
 * @param capacityBytes the hard limit on what the node takes of the disk, or empty for {@code auto}, which the store works out
 * @param segmentSizeBytes size of one segment file; a multiple of 1 MiB
 * @param maxValueSizeBytes longest value
 * @param directIo what to do about {@code O_DIRECT}
 * @param readThreads platform threads that read
 * @param writeThreads platform threads that write
 */
public record DataConfig(
        Path directory,
        List<Path> moreDirectories,
        OptionalLong capacityBytes,
        long segmentSizeBytes,
        long maxValueSizeBytes,
        DirectMode directIo,
        int readThreads,
        int writeThreads) {}
