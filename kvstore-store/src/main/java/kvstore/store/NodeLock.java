package kvstore.store;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a second daemon out of a node's directory. The kernel lets go of it when the process ends, however it ends. */
final class NodeLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeLock.class);

    private final @Nullable FileChannel channel;

    private NodeLock(@Nullable FileChannel channel) {
        this.channel = channel;
    }

    static NodeLock take(Path file) throws StoreException {
        FileChannel channel = null;
        boolean taken = false;
        try {
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel, false);
            if (lock == null) {
                throw new StoreException(file.getParent() + " is in use by " + owner(file)
                        + ". Stop that daemon, or give this one another node name");
            }
            String self = "process " + ProcessHandle.current().pid() + " on " + host() + "\n";
            sayWho(channel, self);
            taken = true;
            return new NodeLock(channel);
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException(
                    "cannot lock " + file + ": " + e + ". On Lustre, mount with -o flock (or localflock)", e);
        } finally {
            if (!taken) {
                close(channel);
            }
        }
    }

    /** For people only: a full disk must not keep a node from starting. */
    private static void sayWho(FileChannel channel, String self) {
        try {
            channel.truncate(0).write(ByteBuffer.wrap(self.getBytes(StandardCharsets.UTF_8)), 0);
        } catch (IOException e) {
            LOG.warn("the lock does not say who holds it: {}", e.toString());
        }
    }

    /**
     * For who only reads: no daemon can start meanwhile, and nothing is written.
     *
     * @throws StoreException if a daemon uses the directory
     */
    static NodeLock takeShared(Path file) throws StoreException {
        FileChannel channel = null;
        boolean taken = false;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            if (tryLock(channel, true) == null) {
                throw new StoreException(file.getParent() + " is in use by " + owner(file)
                        + ". Stop that daemon first; while it runs, `kvstore scrub` does the like");
            }
            taken = true;
            return new NodeLock(channel);
        } catch (NoSuchFileException _) {
            return new NodeLock(null); // no daemon was ever here
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException(
                    "cannot lock " + file + ": " + e + ". On Lustre, mount with -o flock (or localflock)", e);
        } finally {
            if (!taken) {
                close(channel);
            }
        }
    }

    @Override
    public void close() {
        close(channel);
    }

    private static @Nullable FileLock tryLock(FileChannel channel, boolean shared) throws IOException {
        try {
            return channel.tryLock(0, Long.MAX_VALUE, shared);
        } catch (OverlappingFileLockException _) {
            return null; // this process has it
        }
    }

    private static String owner(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
            return text.isEmpty() ? "another process" : text;
        } catch (IOException _) {
            return "another process";
        }
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException _) {
            return "this host";
        }
    }

    private static void close(@Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException _) {
            // the lock ends with the process at the latest
        }
    }
}
