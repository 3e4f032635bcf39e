package kvstore.client.lmcache;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the files of one tree. Never writes to it, never follows a symbolic link in it, and never takes a length from a
 * file without comparing it with the file's size.
 *
 * <p>Thread-safe.
 */
public final class TreeReader {
    private static final int PIECE_BYTES = 8 * 1024 * 1024;

    private final Path root;
    private final @Nullable TreeFormat forced;
    private final TrueLengths trueLengths;

    /**
     * @param root of the tree; may itself be a link
     * @param forced the format that every file must have; null to find out for each
     * @throws IOException if there is no such directory
     */
    public TreeReader(Path root, @Nullable TreeFormat forced, TrueLengths trueLengths) throws IOException {
        this.root = root.toRealPath();
        this.forced = forced;
        this.trueLengths = trueLengths;
    }

    /** The tree's root, without links. */
    public Path root() {
        return root;
    }

    /** What a file's name says. */
    public TreeNames.Named name(Path file) throws UnusableException {
        return TreeNames.parse(root.relativize(file), forced);
    }

    /**
     * Looks at a file: name, size, header.
     *
     * @param file below {@link #root}
     */
    public TreeChunk inspect(Path file, BasicFileAttributes attributes) throws UnusableException {
        TreeNames.Named named = name(file);
        TreeChunk.Stamp stamp = stamp(attributes);
        if (stamp.bytes() == 0) {
            throw new UnusableException(SkipReason.EMPTY, "0 bytes");
        }
        long offset = 0;
        long length = stamp.bytes();
        byte[] tail = {};
        switch (named.format()) {
            case GDS -> {
                GdsHeader header = gdsHeader(file, stamp.bytes());
                offset = GdsHeader.BYTES;
                length = header.length();
                tail = EngineValue.tail((EngineKey) named.key(), header.remoteMetadata());
            }
            case FS -> {
                RemoteMetadata metadata = RemoteMetadata.parse(start(file, RemoteMetadata.headBytes(length)), length);
                offset = metadata.headerBytes();
                length = metadata.length();
                tail = EngineValue.tail((EngineKey) named.key(), metadata);
            }
            case FS_NATIVE, NIXL -> length = trueLengths.of(named.key(), stamp.bytes());
        }
        return new TreeChunk(file, named, StoreKeys.of(named.key()), offset, length, new TreeChunk.Tail(tail), stamp);
    }

    /**
     * Reads a whole value.
     *
     * @param into {@link TreeChunk#valueBytes} long
     */
    public void read(TreeChunk chunk, MemorySegment into) throws UnusableException {
        byte[] tail = chunk.tail().bytes();
        into.asSlice(chunk.length()).copyFrom(MemorySegment.ofArray(tail));
        try (FileChannel channel = open(chunk.file())) {
            requireUntouched(chunk);
            fill(channel, chunk.offset(), into.asSlice(0, chunk.length()));
            requireUntouched(chunk);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private GdsHeader gdsHeader(Path file, long fileBytes) throws UnusableException {
        byte[] bytes = start(file, GdsHeader.BYTES);
        GdsHeader header = GdsHeader.parse(bytes);
        byte[] published;
        try {
            published = start(file.resolveSibling(file.getFileName() + TreeNames.GDS_METADATA), GdsHeader.BYTES + 1);
        } catch (UnusableException e) {
            throw e.getCause() instanceof NoSuchFileException
                    ? new UnusableException(SkipReason.NOT_PUBLISHED, "there is no .metadata beside it")
                    : e;
        }
        if (!Arrays.equals(bytes, published)) {
            throw new UnusableException(SkipReason.BAD_HEADER, ".metadata is not the file's header");
        }
        if (fileBytes != GdsHeader.BYTES + header.length()) {
            throw new UnusableException(
                    SkipReason.WRONG_SIZE,
                    "%d bytes, and its header makes it %d".formatted(fileBytes, GdsHeader.BYTES + header.length()));
        }
        return header;
    }

    /** The first bytes of a file, fewer if it has fewer. */
    private byte[] start(Path file, int most) throws UnusableException {
        try (FileChannel channel = open(file)) {
            ByteBuffer bytes = ByteBuffer.allocate(most);
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // until it is full or the file ends
            }
            return Arrays.copyOf(bytes.array(), bytes.position());
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static void fill(FileChannel channel, long offset, MemorySegment into)
            throws IOException, UnusableException {
        long done = 0;
        while (done < into.byteSize()) {
            MemorySegment piece = into.asSlice(done, Math.min(PIECE_BYTES, into.byteSize() - done));
            int read = channel.read(piece.asByteBuffer(), offset + done);
            if (read < 0) {
                throw new UnusableException(
                        SkipReason.CHANGED, "it ends after %d of %d bytes".formatted(done, into.byteSize()));
            }
            done += read;
        }
    }

    /** Opens a file that is one, and lies where it seems to lie. */
    private FileChannel open(Path file) throws IOException, UnusableException {
        Path directory = file.getParent();
        if (directory == null
                || !directory.startsWith(root)
                || !directory.toRealPath().equals(directory)) {
            throw new UnusableException(SkipReason.SYMBOLIC_LINK, "a directory above it is one");
        }
        // before it is opened: a pipe would hold us
        BasicFileAttributes attributes = attributes(file);
        if (attributes.isSymbolicLink()) {
            throw new UnusableException(SkipReason.SYMBOLIC_LINK, "it is one");
        }
        if (!attributes.isRegularFile()) {
            throw new UnusableException(SkipReason.NOT_A_FILE, "a directory, pipe, socket or device");
        }
        return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    private static void requireUntouched(TreeChunk chunk) throws IOException, UnusableException {
        if (!stamp(attributes(chunk.file())).equals(chunk.stamp())) {
            throw new UnusableException(SkipReason.CHANGED, "another size, time or inode than a moment ago");
        }
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static TreeChunk.Stamp stamp(BasicFileAttributes attributes) {
        return new TreeChunk.Stamp(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
    }

    static UnusableException unreadable(IOException cause) {
        UnusableException unusable = new UnusableException(SkipReason.UNREADABLE, cause.toString());
        unusable.initCause(cause);
        return unusable;
    }
}
