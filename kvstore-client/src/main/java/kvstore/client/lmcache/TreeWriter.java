package kvstore.client.lmcache;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import kvstore.api.ChunkKey;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files of one tree. A file appears whole: it is written under a name of its own, synced and renamed. Never
 * writes over a file, and never through a symbolic link.
 *
 * <p>Thread-safe, and several may write the same tree.
 */
public final class TreeWriter {
    private static final int PIECE_BYTES = 8 * 1024 * 1024;

    private final Path root;
    private final TreeFormat format;
    private final boolean sharded;
    private final @Nullable KvShape shape;

    /**
     * @param root made if it is not there
     * @param sharded for {@link TreeFormat#NIXL}: as with {@code shard_dirs}
     * @param shape for the in-process mode: what its plain values are; null if they shall be left out
     */
    public TreeWriter(Path root, TreeFormat format, boolean sharded, @Nullable KvShape shape) throws IOException {
        this.root = Files.createDirectories(root).toRealPath();
        this.format = format;
        this.sharded = sharded;
        this.shape = shape;
    }

    /** A key of the store, and the file that it becomes. */
    public record Place(CacheKey key, Path relative) {}

    /**
     * Where a value belongs.
     *
     * @throws UnusableException with {@link SkipReason#NOT_NAMEABLE}
     */
    public Place place(ChunkKey stored) throws UnusableException {
        CacheKey key = StoreKeys.parse(stored);
        return new Place(key, TreeNames.path(format, key, sharded));
    }

    /**
     * Writes a value to its file.
     *
     * @return whether anything was written; false if all of it was there
     * @throws UnusableException if something else is there, or the value is not what the format holds
     * @throws IOException if it cannot be written; nothing is left
     */
    public boolean write(Place place, MemorySegment value) throws UnusableException, IOException {
        Path file = root.resolve(place.relative());
        makeDirectories(place.relative());
        MemorySegment nothing = MemorySegment.ofArray(new byte[0]);
        if (!(place.key() instanceof EngineKey key)) {
            return publish(file, nothing, value);
        }
        RemoteMetadata metadata = EngineValue.metadata(key, value, shape);
        MemorySegment payload = value.asSlice(0, metadata.length());
        if (format == TreeFormat.FS) {
            return publish(file, MemorySegment.ofArray(metadata.bytes()), payload);
        }
        MemorySegment header = MemorySegment.ofArray(GdsHeader.of(metadata).bytes());
        boolean written = publish(file, header, payload);
        // last: LMCache takes a file for there once this is
        return publish(file.resolveSibling(file.getFileName() + TreeNames.GDS_METADATA), header, nothing) || written;
    }

    private void makeDirectories(Path relative) throws IOException, UnusableException {
        Path directory = root;
        for (int i = 0; i < relative.getNameCount() - 1; i++) {
            directory = directory.resolve(relative.getName(i));
            if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectories(directory);
            }
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw new UnusableException(SkipReason.IN_THE_WAY, directory + " is no directory");
            }
        }
    }

    private static boolean publish(Path file, MemorySegment head, MemorySegment rest)
            throws IOException, UnusableException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            requireSame(file, head, rest);
            return false;
        }
        // short, because the file's own name may be as long as names may be; ".tmp." is what nixl_store_dynamic cleans
        // up
        Path temporary = file.resolveSibling(
                "kvstore.tmp." + UUID.randomUUID().toString().replace("-", ""));
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                write(channel, head);
                write(channel, rest);
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static void write(FileChannel channel, MemorySegment bytes) throws IOException {
        for (long offset = 0; offset < bytes.byteSize(); offset += PIECE_BYTES) {
            ByteBuffer piece = bytes.asSlice(offset, Math.min(PIECE_BYTES, bytes.byteSize() - offset))
                    .asByteBuffer();
            while (piece.hasRemaining()) {
                channel.write(piece);
            }
        }
    }

    private static void requireSame(Path file, MemorySegment head, MemorySegment rest)
            throws IOException, UnusableException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new UnusableException(SkipReason.IN_THE_WAY, "no regular file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            if (channel.size() != head.byteSize() + rest.byteSize()
                    || differs(channel, head)
                    || differs(channel, rest)) {
                throw new UnusableException(SkipReason.IN_THE_WAY, "a file with other bytes; it is left as it is");
            }
        }
    }

    /** Compares from where the channel stands. */
    private static boolean differs(FileChannel channel, MemorySegment expected) throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect((int) Math.min(PIECE_BYTES, expected.byteSize()));
        for (long offset = 0; offset < expected.byteSize(); ) {
            piece.clear().limit((int) Math.min(piece.capacity(), expected.byteSize() - offset));
            int read = channel.read(piece);
            if (read < 0
                    || MemorySegment.mismatch(
                                    MemorySegment.ofBuffer(piece.flip()), 0, read, expected, offset, offset + read)
                            >= 0) {
                return true;
            }
            offset += read;
        }
        return false;
    }
}
