package kvstore.server.simulate;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.api.IoPath;

/**
 * Files in memory that keep no zeros, so that a payload of zeros costs nothing: what stays are the store's own headers and
 * index areas, without the padding behind them. A file is gone when it is closed. For one thread.
 */
final class MemoryEngine implements IoEngine {
    /** One block. */
    static final MemorySegment ZEROS = Arena.ofAuto().allocate(Blocks.BLOCK_BYTES, Blocks.BLOCK_BYTES);

    @Override
    public IoPath path() {
        return IoPath.BUFFERED;
    }

    @Override
    public String reason() {
        return "a simulation";
    }

    @Override
    public IoFile create(Path file, long sizeBytes) {
        return new MemoryFile(file, sizeBytes);
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        throw new IoFailure(IoFailure.Kind.NOT_FOUND, 0, "open " + file + ": a simulation starts without files");
    }

    @Override
    public FileSystemFacts facts(Path directory) {
        return new FileSystemFacts("memory", Long.MAX_VALUE, Long.MAX_VALUE);
    }

    @Override
    public void close() {}

    private static final class MemoryFile implements IoFile {
        private final Path file;
        private final long sizeBytes;

        /** Blocks that hold more than zeros, by their offset, without the zeros at their end. */
        private final Map<Long, byte[]> blocks = new HashMap<>();

        MemoryFile(Path file, long sizeBytes) {
            this.file = file;
            this.sizeBytes = sizeBytes;
        }

        @Override
        public Path file() {
            return file;
        }

        @Override
        public long sizeBytes() {
            return sizeBytes;
        }

        @Override
        public CompletableFuture<Void> read(long offset, Buffer destination) {
            MemorySegment memory = memory(destination);
            memory.fill((byte) 0);
            for (long at = 0; at < memory.byteSize(); at += Blocks.BLOCK_BYTES) {
                byte[] content = blocks.get(offset + at);
                if (content != null) {
                    MemorySegment.copy(content, 0, memory, ValueLayout.JAVA_BYTE, at, content.length);
                }
            }
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletableFuture<Void> write(long offset, Buffer source) {
            MemorySegment memory = memory(source);
            for (long at = 0; at < memory.byteSize(); at += Blocks.BLOCK_BYTES) {
                MemorySegment block = memory.asSlice(at, Blocks.BLOCK_BYTES);
                if (block.mismatch(ZEROS) < 0) {
                    blocks.remove(offset + at);
                } else {
                    blocks.put(offset + at, block.asSlice(0, used(block)).toArray(ValueLayout.JAVA_BYTE));
                }
            }
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void close() {
            blocks.clear();
        }

        private static MemorySegment memory(Buffer buffer) {
            return ((HostBuffer) buffer).memory();
        }

        /** Bytes before the zeros at the end. */
        private static long used(MemorySegment block) {
            long end = block.byteSize();
            while (end > 0 && block.get(ValueLayout.JAVA_LONG, end - Long.BYTES) == 0) {
                end -= Long.BYTES;
            }
            return end;
        }
    }
}
