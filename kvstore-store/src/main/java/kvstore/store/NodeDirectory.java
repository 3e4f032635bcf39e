package kvstore.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kvstore.api.Blocks;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The directory of one node in the pool: its lock, its epoch, its segment files, and those that were set aside. */
final class NodeDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeDirectory.class);
    private static final String NODE = "NODE";
    private static final String TITLE = "kvstore node";
    private static final String TOGETHER = "directory.";
    private static final String SUFFIX = ".seg";
    private static final String QUARANTINE = "quarantine";
    private static final Pattern SEGMENT = Pattern.compile("[0-9a-f]{16}\\.seg");
    private static final Pattern ASIDE = Pattern.compile("[0-9a-f]{16}-[a-z-]+\\.seg");
    private static final List<String> KNOWN = List.of(NODE, "LOCK", NODE + ".tmp", QUARANTINE);

    /**
     * A segment file as the directory shows it.
     *
     * @param id from its name
     */
    record Found(int id, Path file, long bytes) {}

    private final Path directory;
    private final UUID pool;
    private final String node;
    private final List<Path> together;
    private final NodeLock lock;
    private long epoch;

    private NodeDirectory(Path directory, UUID pool, String node, List<Path> together, NodeLock lock) {
        this.directory = directory;
        this.pool = pool;
        this.node = node;
        this.together = together;
        this.lock = lock;
    }

    private static Path path(Path poolDirectory, String node) {
        return poolDirectory.resolve("nodes").resolve(node);
    }

    /** The directories that this node said it has, when it last wrote the marker here. */
    static Set<String> together(Path poolDirectory, String node) throws StoreException {
        Path file = path(poolDirectory, node).resolve(NODE);
        if (!Files.exists(file)) {
            return Set.of();
        }
        return MarkerFile.read(file, TITLE).values().entrySet().stream()
                .filter(line -> line.getKey().startsWith(TOGETHER))
                .map(Map.Entry::getValue)
                .collect(Collectors.toSet());
    }

    /**
     * Opens the node's directory for this process alone and begins its next epoch.
     *
     * @param together all directories that the node has, this one among them
     */
    static NodeDirectory open(Path poolDirectory, UUID pool, String node, List<Path> together) throws StoreException {
        Path directory = path(poolDirectory, node);
        try {
            Files.createDirectories(directory.resolve(QUARANTINE));
        } catch (IOException e) {
            throw new StoreException(
                    "cannot make " + directory + ": " + e + ". Check that this user may write there", e);
        }
        NodeLock lock = NodeLock.take(directory.resolve("LOCK"));
        boolean opened = false;
        try {
            NodeDirectory result = new NodeDirectory(directory, pool, node, together, lock);
            result.raiseEpoch(result.readEpoch() + 1);
            opened = true;
            return result;
        } finally {
            if (!opened) {
                lock.close();
            }
        }
    }

    /**
     * Opens the directory as it is: begins no epoch, makes nothing.
     *
     * @param alone keeps even readers out, and is needed for {@link #setAside}
     * @throws StoreException if it is none, or a daemon uses it
     */
    static NodeDirectory look(Path poolDirectory, UUID pool, String node, boolean alone) throws StoreException {
        Path directory = path(poolDirectory, node);
        if (!Files.isDirectory(directory)) {
            throw new StoreException(directory + " is no directory: there is no node '" + node + "' in this pool");
        }
        Path file = directory.resolve("LOCK");
        NodeLock lock = alone ? NodeLock.take(file) : NodeLock.takeShared(file);
        boolean opened = false;
        try {
            NodeDirectory result = new NodeDirectory(directory, pool, node, List.of(), lock);
            result.epoch = result.readEpoch();
            opened = true;
            return result;
        } finally {
            if (!opened) {
                lock.close();
            }
        }
    }

    /** Grows by one at every start. */
    long epoch() {
        return epoch;
    }

    Path path() {
        return directory;
    }

    Path segmentFile(int id) {
        return directory.resolve(HexFormat.of().toHexDigits((long) id) + SUFFIX);
    }

    /** Whether the directory is there, by its marker: an empty mount point has none. */
    boolean present() {
        return Files.exists(directory.resolve(NODE));
    }

    /** Reads the marker, and writes it again. */
    void prove() throws IOException {
        if (readEpoch() != epoch) {
            throw new IOException(directory + " has another epoch than this daemon gave it: does another one use it?");
        }
        write(marker(epoch), directory.resolve(NODE));
    }

    /** Segment files, newest first. Warns of what is none. */
    List<Found> segmentFiles() throws IOException {
        List<Found> found = list(directory, SEGMENT);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = String.valueOf(entry.getFileName());
                if (!KNOWN.contains(name)
                        && found.stream().noneMatch(f -> f.file().equals(entry))) {
                    LOG.warn("{} is not kvstore's; it is left alone and not counted", entry);
                }
            }
        }
        return found;
    }

    /** What the directory itself and its small files take of the disk. */
    long markerBytes(IoEngine engine) throws IoFailure {
        long bytes = engine.allocatedBytes(directory);
        for (String name : KNOWN) {
            bytes += allocatedBytes(engine, directory.resolve(name));
        }
        return bytes;
    }

    /** What is set aside, and what is not kvstore's, takes of the disk. */
    long otherBytes(IoEngine engine) throws IOException {
        Path aside = directory.resolve("quarantine");
        long bytes = -allocatedBytes(engine, aside);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, NodeDirectory::isOther)) {
            for (Path entry : entries) {
                try (Stream<Path> all = Files.walk(entry)) {
                    for (Path path : (Iterable<Path>) all::iterator) {
                        bytes += allocatedBytes(engine, path);
                    }
                }
            }
        } catch (UncheckedIOException | DirectoryIteratorException e) {
            throw new IOException(e.getCause());
        }
        return bytes;
    }

    private static boolean isOther(Path entry) {
        String name = String.valueOf(entry.getFileName());
        return !SEGMENT.matcher(name).matches() && (name.equals("quarantine") || !KNOWN.contains(name));
    }

    private static long allocatedBytes(IoEngine engine, Path path) throws IoFailure {
        try {
            return engine.allocatedBytes(path);
        } catch (IoFailure e) {
            if (e.kind() == IoFailure.Kind.NOT_FOUND) {
                return 0;
            }
            throw e;
        }
    }

    /** Files that were set aside, newest first. */
    List<Found> quarantined() throws IOException {
        Path aside = directory.resolve(QUARANTINE);
        return Files.isDirectory(aside) ? list(aside, ASIDE) : List.of();
    }

    /** Moves a damaged segment file out of the way. */
    void setAside(Found segment, SegmentDamage damage) throws IOException {
        String name = HexFormat.of().toHexDigits((long) segment.id()) + "-" + damage.label() + SUFFIX;
        Path target = Files.createDirectories(directory.resolve(QUARANTINE)).resolve(name);
        Files.move(segment.file(), target, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Deletes a file; one that is not there is deleted already. */
    @Nullable
    IoFailure delete(Path file) {
        try {
            Files.deleteIfExists(file);
            return null;
        } catch (AccessDeniedException e) {
            return new IoFailure(IoFailure.Kind.DENIED, 0, "delete " + file + ": " + e);
        } catch (IOException e) {
            return new IoFailure(IoFailure.Kind.IO, 0, "delete " + file + ": " + e);
        }
    }

    /** Lets another process have the directory. */
    @Override
    public void close() {
        lock.close();
    }

    private static List<Found> list(Path directory, Pattern names) throws IOException {
        List<Found> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = String.valueOf(entry.getFileName());
                if (names.matcher(name).matches()) {
                    long id = HexFormat.fromHexDigitsToLong(name, 0, 16);
                    if (id > 0 && id <= Integer.MAX_VALUE && Files.isRegularFile(entry)) {
                        found.add(new Found((int) id, entry, Files.size(entry)));
                    }
                }
            }
        } catch (NoSuchFileException e) {
            throw new IOException(directory + " vanished", e);
        }
        found.sort(Comparator.comparingInt(Found::id).reversed());
        return found;
    }

    /** Writes an epoch down, if it is higher than the one that is. */
    void raiseEpoch(long wanted) throws StoreException {
        if (wanted <= epoch) {
            return;
        }
        Path file = directory.resolve(NODE);
        MarkerFile marker = marker(wanted);
        try {
            try {
                write(marker, file);
            } catch (IOException full) {
                if (!makeRoomForMarker(full)) {
                    throw full;
                }
                write(marker, file);
            }
        } catch (IOException e) {
            throw new StoreException("cannot write " + file + ": " + e + ". Check space and permissions there", e);
        }
        epoch = wanted;
    }

    private MarkerFile marker(long written) {
        MarkerFile marker = MarkerFile.of(TITLE)
                .with("pool", pool.toString())
                .with("node", node)
                .with("epoch", Long.toString(written));
        for (int i = 0; together.size() > 1 && i < together.size(); i++) {
            marker.with(TOGETHER + i, together.get(i).toString());
        }
        return marker;
    }

    private void write(MarkerFile marker, Path file) throws IOException {
        Path temporary = directory.resolve(NODE + ".tmp");
        marker.write(temporary);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** As {@link ChunkStore#makeRoom}. */
    static boolean makeRoom(Path poolDirectory, String node) throws StoreException {
        UUID pool = PoolDirectory.peek(poolDirectory);
        if (pool == null || !Files.isDirectory(path(poolDirectory, node))) {
            return false;
        }
        try (NodeDirectory full = look(poolDirectory, pool, node, true)) {
            return full.deleteOldest("the file system is full");
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException("cannot make room in " + path(poolDirectory, node) + ": " + e, e);
        }
    }

    /** A full disk must not keep a node from starting: what would go first anyway makes room for the marker. */
    private boolean makeRoomForMarker(IOException why) throws IOException {
        return Files.getFileStore(directory).getUsableSpace() < Blocks.BLOCK_BYTES
                && deleteOldest("there is no room to write " + NODE + ": " + why);
    }

    /** Deletes what was set aside before what is of use; false if there is neither. */
    private boolean deleteOldest(String why) throws IOException {
        List<Found> aside = quarantined();
        List<Found> found = aside.isEmpty() ? segmentFiles() : aside;
        if (found.isEmpty()) {
            return false;
        }
        Path oldest = found.getLast().file();
        LOG.warn("{} is deleted, because {}", oldest, why);
        return delete(oldest) == null;
    }

    private long readEpoch() throws StoreException {
        Path file = directory.resolve(NODE);
        if (!Files.exists(file)) {
            requireNoSegments(file);
            return 0;
        }
        MarkerFile marker = MarkerFile.read(file, TITLE, "pool", "node", "epoch");
        if (!pool.toString().equals(marker.values().get("pool"))
                || !node.equals(marker.values().get("node"))) {
            throw new StoreException(
                    file + " belongs to node '" + marker.values().get("node") + "' of pool "
                            + marker.values().get("pool") + ", not to node '" + node + "' of pool " + pool
                            + ". Was the directory copied? Move it away and start with an empty cache");
        }
        String text = String.valueOf(marker.values().get("epoch"));
        try {
            long read = Long.parseLong(text);
            if (read >= 0 && read < InFlight.EPOCH_MAX) {
                return read;
            }
        } catch (NumberFormatException _) {
            // refused below
        }
        throw new StoreException(file + " has no valid epoch, but '" + text + "'. Put NODE back from a copy; or move "
                + directory + " away and start with an empty cache");
    }

    private void requireNoSegments(Path file) throws StoreException {
        try {
            if (!list(directory, SEGMENT).isEmpty()) {
                throw new StoreException(directory + " has segment files but no file NODE. Put NODE back from a copy;"
                        + " or move the directory away and start with an empty cache");
            }
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException("cannot read " + directory + " beside " + file + ": " + e, e);
        }
    }
}
