package kvstore.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.Blocks;
import kvstore.api.Buffer;
import kvstore.api.ForwardingEngine;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;

/**
 * A place in the life of a segment where a {@link StoreChild} waits to be killed: before, in the middle of, or after the
 * {@code count}th operation of a kind.
 */
record KillPoint(Operation operation, Moment moment, int count) {
    /** What the store does to a file, as its engine sees it. */
    enum Operation {
        CREATE,
        SEGMENT_HEADER,
        PAYLOAD,
        RECORD_HEADER,
        INDEX_AREA,
        TRAILER
    }

    /** When. */
    enum Moment {
        BEFORE,
        HALF,
        AFTER
    }

    /** What the child prints when it is there. */
    static final String HERE = "HERE";

    private static final int PAGE_BYTES = 4096;

    /** Waits to be killed. */
    private static void end() {
        System.out.println(HERE);
        System.out.flush();
        while (true) {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException _) {
                // nothing else ends this
            }
        }
    }

    /** Puts this point between a store and its engine. */
    IoEngine in(IoEngine engine) {
        return new Engine(engine);
    }

    private static Operation kind(long offset, MemorySegment from) {
        byte[] magic = from.asSlice(0, Long.BYTES).toArray(ValueLayout.JAVA_BYTE);
        return switch (new String(magic, StandardCharsets.ISO_8859_1)) {
            case "KVRECORD" -> Operation.RECORD_HEADER;
            case "KVINDEXB" -> Operation.INDEX_AREA;
            case "KVTRAILR" -> Operation.TRAILER;
            default -> offset == 0 ? Operation.SEGMENT_HEADER : Operation.PAYLOAD;
        };
    }

    private final class Engine extends ForwardingEngine {
        private final AtomicInteger seen = new AtomicInteger();

        Engine(IoEngine engine) {
            super(engine);
        }

        private boolean here(Operation current) {
            return current == operation && seen.incrementAndGet() == count;
        }

        @Override
        public IoFile create(Path file, long sizeBytes) throws IoFailure {
            boolean here = here(Operation.CREATE);
            if (here && moment == Moment.BEFORE) {
                end();
            }
            if (here && moment == Moment.HALF) {
                try {
                    FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
                            .close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                end();
            }
            IoFile made = super.create(file, sizeBytes);
            if (here) {
                end();
            }
            return made;
        }

        @Override
        protected IoFile wrap(IoFile file) {
            return new File(file);
        }

        private final class File implements IoFile {
            private final IoFile file;

            File(IoFile file) {
                this.file = file;
            }

            @Override
            public Path file() {
                return file.file();
            }

            @Override
            public long sizeBytes() {
                return file.sizeBytes();
            }

            @Override
            public CompletableFuture<Void> read(long offset, Buffer destination) {
                return file.read(offset, destination);
            }

            @Override
            public CompletableFuture<Void> write(long offset, Buffer source) {
                if (!here(kind(offset, ((HostBuffer) source).memory()))) {
                    return file.write(offset, source);
                }
                switch (moment) {
                    case BEFORE -> {}
                    case HALF -> half(offset, (HostBuffer) source);
                    case AFTER -> file.write(offset, source).join();
                }
                end();
                throw new AssertionError();
            }

            /** Half of the blocks; of one block its first page. */
            private void half(long offset, HostBuffer source) {
                long blocks = source.sizeBytes() / Blocks.BLOCK_BYTES;
                if (blocks > 1) {
                    file.write(offset, source.slice(0, blocks / 2 * Blocks.BLOCK_BYTES))
                            .join();
                    return;
                }
                try (FileChannel channel = FileChannel.open(file.file(), StandardOpenOption.WRITE)) {
                    ByteBuffer page = source.memory().asSlice(0, PAGE_BYTES).asByteBuffer();
                    while (page.hasRemaining()) {
                        channel.write(page, offset + page.position());
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }

            @Override
            public void close() {
                file.close();
            }
        }
    }
}
