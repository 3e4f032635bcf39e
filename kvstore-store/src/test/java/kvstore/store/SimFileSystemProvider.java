package kvstore.store;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;

/** The calls of {@link java.nio.file.Files} that the store makes, on a {@link SimDisk}. */
final class SimFileSystemProvider extends FileSystemProvider {
    private final SimFileSystem fileSystem;
    private final SimDisk disk;

    SimFileSystemProvider(SimFileSystem fileSystem, SimDisk disk) {
        this.fileSystem = fileSystem;
        this.disk = disk;
    }

    static Path text(Path path) {
        return ((SimPath) path).text();
    }

    private interface Call<T> {
        T on(Path text) throws IOException;
    }

    /** Failures as {@code java.nio.file} names them. */
    private static <T> T call(Path path, Call<T> call) throws IOException {
        try {
            return call.on(text(path));
        } catch (IoFailure e) {
            throw switch (e.kind()) {
                case NOT_FOUND -> new NoSuchFileException(path.toString());
                case EXISTS -> new FileAlreadyExistsException(path.toString());
                default -> new IOException(e.getMessage(), e);
            };
        }
    }

    @Override
    public String getScheme() {
        return "sim";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> env) {
        throw new UnsupportedOperationException();
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        return fileSystem;
    }

    @Override
    public Path getPath(URI uri) {
        throw new UnsupportedOperationException();
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        SimFile file = call(path, text -> {
            SimFile found = disk.file(text);
            if (options.contains(StandardOpenOption.CREATE_NEW)
                    || (options.contains(StandardOpenOption.CREATE) && found == null)) {
                return disk.create(text);
            }
            return disk.open(text);
        });
        if (options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
            file.resize(0);
        }
        return new SimChannel(fileSystem, disk, text(path), file);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(Path directory, DirectoryStream.Filter<? super Path> filter)
            throws IOException {
        List<Path> entries = new ArrayList<>();
        for (Path text : call(directory, disk::list)) {
            Path entry = new SimPath(fileSystem, text);
            if (filter.accept(entry)) {
                entries.add(entry);
            }
        }
        return new DirectoryStream<>() {
            @Override
            public Iterator<Path> iterator() {
                return entries.iterator();
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
        if (exists(path)) {
            throw new FileAlreadyExistsException(path.toString());
        }
        Path parent = path.getParent();
        if (parent == null || !disk.isDirectory(text(parent))) {
            throw new NoSuchFileException(path.toString());
        }
        call(path, text -> {
            disk.makeDirectory(text);
            return text;
        });
    }

    @Override
    public void createLink(Path link, Path existing) throws IOException {
        call(link, text -> {
            disk.link(text, text(existing));
            return text;
        });
    }

    @Override
    public void delete(Path path) throws IOException {
        call(path, text -> {
            disk.delete(text);
            return text;
        });
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        if (!List.of(options).contains(StandardCopyOption.ATOMIC_MOVE)) {
            throw new UnsupportedOperationException();
        }
        call(source, text -> {
            disk.rename(text, text(target));
            return text;
        });
    }

    @Override
    public boolean isSameFile(Path path, Path other) {
        return path.equals(other);
    }

    @Override
    public boolean isHidden(Path path) {
        return false;
    }

    @Override
    public FileStore getFileStore(Path path) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
        if (!exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
    }

    @Override
    public <V extends FileAttributeView> @Nullable V getFileAttributeView(
            Path path, Class<V> type, LinkOption... options) {
        return null;
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
            throws IOException {
        if (!exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        SimFile file = disk.file(text(path));
        return type.cast(new Attributes(file == null, file == null ? 0 : file.sizeBytes()));
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setAttribute(Path path, String attribute, Object value, LinkOption... options) {
        throw new UnsupportedOperationException();
    }

    private boolean exists(Path path) {
        return disk.file(text(path)) != null || disk.isDirectory(text(path));
    }

    private record Attributes(boolean isDirectory, long size) implements BasicFileAttributes {
        private static final FileTime NEVER = FileTime.fromMillis(0);

        @Override
        public FileTime lastModifiedTime() {
            return NEVER;
        }

        @Override
        public FileTime lastAccessTime() {
            return NEVER;
        }

        @Override
        public FileTime creationTime() {
            return NEVER;
        }

        @Override
        public boolean isRegularFile() {
            return !isDirectory;
        }

        @Override
        public boolean isSymbolicLink() {
            return false;
        }

        @Override
        public boolean isOther() {
            return false;
        }

        @Override
        public @Nullable Object fileKey() {
            return null;
        }
    }
}
