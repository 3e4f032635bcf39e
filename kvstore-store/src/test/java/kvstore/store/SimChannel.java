package kvstore.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An open small file of a {@link SimDisk}. */
final class SimChannel extends FileChannel {
    private final SimFileSystem fileSystem;
    private final SimDisk disk;
    private final Path path;
    private final SimFile file;
    private long position;
    private boolean locked;

    SimChannel(SimFileSystem fileSystem, SimDisk disk, Path path, SimFile file) {
        this.fileSystem = fileSystem;
        this.disk = disk;
        this.path = path;
        this.file = file;
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        int count = read(to, position);
        position += Math.max(0, count);
        return count;
    }

    @Override
    public int read(ByteBuffer to, long offset) throws IOException {
        int count = (int) Math.min(to.remaining(), file.sizeBytes() - offset);
        if (count <= 0) {
            return to.hasRemaining() ? -1 : 0;
        }
        byte[] bytes = new byte[count];
        disk.read(path, file, offset, MemorySegment.ofArray(bytes));
        to.put(bytes);
        return count;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        int count = write(from, position);
        position += count;
        return count;
    }

    @Override
    public int write(ByteBuffer from, long offset) throws IOException {
        byte[] bytes = new byte[from.remaining()];
        from.get(bytes);
        disk.write(path, file, offset, MemorySegment.ofArray(bytes));
        return bytes.length;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public FileChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long size() {
        return file.sizeBytes();
    }

    @Override
    public FileChannel truncate(long size) {
        if (size != 0) {
            throw new UnsupportedOperationException();
        }
        file.resize(0);
        return this;
    }

    @Override
    public void force(boolean metaData) {
        disk.force(file);
    }

    @Override
    public @Nullable FileLock tryLock(long from, long size, boolean shared) {
        if (!fileSystem.locked.add(file)) {
            return null;
        }
        locked = true;
        return new Lock(this, from, size);
    }

    @Override
    protected void implCloseChannel() {
        if (locked) {
            fileSystem.locked.remove(file);
        }
    }

    @Override
    public long read(ByteBuffer[] to, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long write(ByteBuffer[] from, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long transferTo(long from, long count, WritableByteChannel target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long to, long count) {
        throw new UnsupportedOperationException();
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long from, long size) {
        throw new UnsupportedOperationException();
    }

    @Override
    public FileLock lock(long from, long size, boolean shared) {
        throw new UnsupportedOperationException();
    }

    private static final class Lock extends FileLock {
        Lock(FileChannel channel, long from, long size) {
            super(channel, from, size, false);
        }

        @Override
        public boolean isValid() {
            return channel().isOpen();
        }

        @Override
        public void release() {
            throw new UnsupportedOperationException();
        }
    }
}
