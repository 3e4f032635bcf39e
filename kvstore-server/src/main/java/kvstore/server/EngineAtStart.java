package kvstore.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.IoFailure;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.PosixEngine;
import kvstore.server.config.DaemonConfig;
import kvstore.server.config.DataConfig;
import kvstore.store.ChunkStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The engine of a daemon that starts: every directory is proven before one is trusted. */
final class EngineAtStart {
    private static final Logger log = LoggerFactory.getLogger(EngineAtStart.class);

    /** Between two looks whether a full disk has space. */
    private static final long FULL_DISK_PAUSE_MILLIS = 200;

    private EngineAtStart() {}

    /**
     * Tries all directories, because the engine is one: payload goes the same way in each. One of several that does not answer
     * is left to the store.
     */
    static PosixEngine open(DaemonConfig config) throws IOException {
        List<Path> directories = new ArrayList<>(List.of(config.data().directory()));
        directories.addAll(config.data().moreDirectories());
        PosixEngine engine = null;
        IOException refusal = null;
        for (Path directory : directories) {
            try {
                PosixEngine opened = open(config, directory);
                if (engine == null) {
                    engine = opened;
                } else {
                    opened.close();
                    requireSamePath(engine, opened, directory);
                }
            } catch (IoFailure e) {
                refusal = new IOException("data.directory: " + e.getMessage(), e);
                log.atWarn().addKeyValue("directory", directory).log("{}", e.getMessage());
            }
        }
        if (engine == null) {
            throw refusal == null ? new IOException("no directory") : refusal;
        }
        return engine;
    }

    private static void requireSamePath(PosixEngine first, PosixEngine other, Path directory) throws IOException {
        if (first.path() != other.path()) {
            first.close();
            throw new IOException(
                    "data.more-directories: payload goes by %s in %s and by %s elsewhere (%s): leave it out, or set data.direct-io to off"
                            .formatted(
                                    other.path().label(),
                                    directory,
                                    first.path().label(),
                                    other.reason()));
        }
    }

    private static PosixEngine open(DaemonConfig config, Path directory) throws IOException {
        Path parent = directory.getParent();
        if (!Files.isDirectory(directory)) {
            if (parent != null && !Files.isDirectory(parent)) {
                throw new IOException("data.directory: " + directory + " cannot be made, because " + parent
                        + " does not exist: is the file system mounted?");
            }
            Files.createDirectory(directory);
        }
        DataConfig data = config.data();
        EngineConfig threads = new EngineConfig(
                data.readThreads(),
                data.writeThreads(),
                data.directIo(),
                config.lustre().layout());
        try {
            return FullDisk.open(
                    () -> PosixEngine.open(threads, directory),
                    () -> ChunkStore.makeRoom(directory, config.node()),
                    FULL_DISK_PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for space in " + directory, e);
        }
    }
}
