package kvstore.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The directory that all nodes of a pool share, and its marker. The marker is what tells a pool from the empty mount point
 * of a file system that is not mounted.
 */
final class PoolDirectory {
    private static final String MARKER = "POOL";
    private static final String TITLE = "kvstore pool";

    private PoolDirectory() {}

    /**
     * Opens the pool, or makes an empty directory one.
     *
     * @return its identity
     */
    static UUID open(Path directory, Environment environment) throws StoreException {
        return open(directory, environment.uuids(), environment);
    }

    /** The same, where an empty directory becomes one of the pool that the node's other directories are of. */
    static UUID open(Path directory, Supplier<UUID> identity, Environment environment) throws StoreException {
        Path marker = directory.resolve(MARKER);
        try {
            if (!Files.exists(directory)) {
                makeDirectory(directory);
            }
            if (!Files.exists(marker)) {
                String stranger = stranger(directory);
                if (stranger == null) {
                    create(marker, identity.get(), environment);
                } else if (!Files.exists(marker)) { // else another node has made it a pool at this moment
                    throw new StoreException(directory + " is not empty and has no marker file " + MARKER
                            + ", so it is not a kvstore pool. Is the right file system mounted there? A new pool"
                            + " needs an empty directory (found: " + stranger + ")");
                }
            }
        } catch (IOException e) {
            if (e instanceof StoreException sentence) {
                throw sentence;
            }
            throw new StoreException(
                    "cannot make " + directory + " a pool: " + e + ". Check that this user may write there", e);
        }
        return read(directory);
    }

    /**
     * The identity of a pool that is there already. Writes nothing.
     *
     * @throws StoreException if it is none
     */
    static UUID read(Path directory) throws StoreException {
        return identity(directory.resolve(MARKER));
    }

    /**
     * Looks whether a directory is one of a pool already.
     *
     * @return its identity, or null if it has no marker
     * @throws StoreException if there is one and it is damaged, of another version, or cannot be read
     */
    static @Nullable UUID peek(Path directory) throws StoreException {
        Path marker = directory.resolve(MARKER);
        return Files.exists(marker) ? identity(marker) : null;
    }

    private static UUID identity(Path marker) throws StoreException {
        MarkerFile read = MarkerFile.read(marker, TITLE, "pool", "created");
        try {
            return UUID.fromString(String.valueOf(read.values().get("pool")));
        } catch (IllegalArgumentException e) {
            throw new StoreException(marker + " names no valid pool identity", e);
        }
    }

    private static void makeDirectory(Path directory) throws IOException {
        try {
            Files.createDirectory(directory);
        } catch (NoSuchFileException e) {
            throw new StoreException(
                    "neither " + directory + " nor the directory above it exist: is the file system mounted?", e);
        } catch (FileAlreadyExistsException _) {
            // another node made it at this moment
        }
    }

    /** Something that would not be in an empty directory, or null. */
    private static @Nullable String stranger(Path directory) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = String.valueOf(entry.getFileName());
                // Another node's marker on its way, or what mkfs leaves in every file system.
                if (!name.startsWith(MARKER) && !name.equals("lost+found")) {
                    return name;
                }
            }
        }
        return null;
    }

    /** Several nodes may do this at the same time: a link cannot replace what is there, so the first one wins. */
    private static void create(Path marker, UUID pool, Environment environment) throws IOException {
        Path temporary = marker.resolveSibling(MARKER + "." + pool + ".tmp");
        MarkerFile.of(TITLE)
                .with("pool", pool.toString())
                .with("created", environment.clock().instant().toString())
                .write(temporary);
        try {
            Files.createLink(marker, temporary);
        } catch (FileAlreadyExistsException _) {
            // the other one's marker is as good
        } catch (UnsupportedOperationException | FileSystemException _) {
            copy(temporary, marker); // no links here
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static void copy(Path temporary, Path marker) throws IOException {
        try {
            Files.copy(temporary, marker);
        } catch (FileAlreadyExistsException _) {
            // the other one's marker is as good
        }
    }
}
