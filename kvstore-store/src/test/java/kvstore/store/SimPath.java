package kvstore.store;

import java.net.URI;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import org.jspecify.annotations.Nullable;

/**
 * A path of a {@link SimFileSystem}. As text it is like any other of this machine.
 *
 * @param text never touched, only asked
 */
record SimPath(SimFileSystem fileSystem, Path text) implements Path {
    private static Path text(Path path) {
        return path instanceof SimPath sim ? sim.text : path;
    }

    private SimPath of(Path path) {
        return new SimPath(fileSystem, path);
    }

    private @Nullable SimPath ofNullable(@Nullable Path path) {
        return path == null ? null : of(path);
    }

    @Override
    public SimFileSystem getFileSystem() {
        return fileSystem;
    }

    @Override
    public boolean isAbsolute() {
        return text.isAbsolute();
    }

    @Override
    public @Nullable Path getRoot() {
        return ofNullable(text.getRoot());
    }

    @Override
    public @Nullable Path getFileName() {
        return ofNullable(text.getFileName());
    }

    @Override
    public @Nullable Path getParent() {
        return ofNullable(text.getParent());
    }

    @Override
    public int getNameCount() {
        return text.getNameCount();
    }

    @Override
    public Path getName(int index) {
        return of(text.getName(index));
    }

    @Override
    public Path subpath(int beginIndex, int endIndex) {
        return of(text.subpath(beginIndex, endIndex));
    }

    @Override
    public boolean startsWith(Path other) {
        return text.startsWith(text(other));
    }

    @Override
    public boolean endsWith(Path other) {
        return text.endsWith(text(other));
    }

    @Override
    public Path normalize() {
        return of(text.normalize());
    }

    @Override
    public Path resolve(Path other) {
        return of(text.resolve(text(other)));
    }

    @Override
    public Path relativize(Path other) {
        return of(text.relativize(text(other)));
    }

    @Override
    public URI toUri() {
        return URI.create("sim:" + text);
    }

    @Override
    public Path toAbsolutePath() {
        return this;
    }

    @Override
    public Path toRealPath(LinkOption... options) {
        return this;
    }

    @Override
    public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int compareTo(Path other) {
        return text.compareTo(text(other));
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
