package kvstore.server.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import org.jspecify.annotations.Nullable;

/**
 * Asks the disk for one block of a small file, so that it can come back without a client that takes the risk. The file
 * stays while the daemon runs, because a full disk still reads. Blocks for as long as the disk does; used by one thread at
 * a time.
 */
final class DiskProbe {
    private final IoEngine engine;
    private final Path path;
    private final Traffic traffic;

    /** Freed by the collector, because the engine may still read into it after a stop. */
    private final HostBuffer buffer = new HostBuffer(Arena.ofAuto().allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES));

    private @Nullable IoFile file;

    DiskProbe(IoEngine engine, Path path, Traffic traffic) {
        this.engine = engine;
        this.path = path;
        this.traffic = traffic;
    }

    /** Writes, reads, and tells how it went. */
    synchronized void run() {
        try {
            IoFile open = file();
            boolean written = tell(traffic.writes(), open, false);
            boolean read = tell(traffic.reads(), open, true);
            if (!written || !read) {
                drop();
            }
        } catch (IoFailure e) {
            traffic.probed(traffic.writes(), e);
            traffic.probed(traffic.reads(), e);
        }
    }

    private IoFile file() throws IoFailure {
        IoFile open = file;
        if (open == null) {
            remove();
            open = engine.create(path, Blocks.BLOCK_BYTES);
            file = open;
        }
        return open;
    }

    private boolean tell(Flow flow, IoFile open, boolean reading) {
        Throwable failure = null;
        try {
            (reading ? open.read(0, buffer) : open.write(0, buffer)).join();
        } catch (CompletionException e) {
            failure = e;
        }
        traffic.probed(flow, failure);
        return failure == null;
    }

    /** The next probe makes the file anew. */
    synchronized void drop() {
        if (file != null) {
            file.close();
            file = null;
        }
        remove();
    }

    private void remove() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException _) {
            // creating it will say why
        }
    }
}
