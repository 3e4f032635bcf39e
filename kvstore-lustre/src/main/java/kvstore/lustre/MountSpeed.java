package kvstore.lustre;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import kvstore.api.FileSystemFacts;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.lustre.MountCheck.Verdict;

/** How fast a mount is, with the engine that the store uses. Bounded in bytes and in time. */
final class MountSpeed {
    /** Pieces in flight, one measurement each. */
    private static final int[] DEPTHS = {1, 4, 16};

    private static final int DEEPEST = 16;
    private static final int CREATES_MIN = 20;
    private static final int CREATES_MAX = 2000;

    /** A file of this part of what is available, or smaller. */
    private static final int SPACE_SHARE = 10;

    private final MountFiles files;
    private final MountLoad load;

    MountSpeed(MountFiles files, MountLoad load) {
        this.files = files;
        this.load = load;
    }

    /** Not on the way of a chunk; it bounds how fast segments come and go. */
    MountCheck metadata(String name) throws IoFailure {
        long startNanos = System.nanoTime();
        long endNanos = startNanos + load.eachMillis() * 1_000_000;
        int creates = 0;
        while (creates < CREATES_MIN || (creates < CREATES_MAX && System.nanoTime() - endNanos < 0)) {
            files.with("file-" + creates, 0, (_, _) -> new MountCheck(name, Verdict.OK, "", ""));
            creates++;
        }
        double rate = creates / seconds(startNanos);
        return new MountCheck(name, Verdict.OK, "%.0f creates and unlinks a second, one at a time".formatted(rate), "");
    }

    /** Two checks, of writes and of reads. */
    List<MountCheck> throughput() throws IoFailure {
        FileSystemFacts facts = FileSystems.facts(files.calls(), files.directory());
        long pieces = Math.min(load.fileBytes(), facts.availableBytes() / SPACE_SHARE) / load.pieceBytes();
        if (load.eachMillis() == 0) {
            return List.of(new MountCheck("throughput", Verdict.OK, "not measured, as wanted", ""));
        }
        if (pieces < DEEPEST) {
            return List.of(new MountCheck(
                    "throughput", Verdict.NOTE, "not measured: too little space is left for that", "free some space"));
        }
        Path path = files.directory().resolve("speed");
        try (PosixEngine engine = PosixEngine.open(
                        new EngineConfig(DEEPEST, DEEPEST, DirectMode.AUTO), files.directory(), files.calls());
                NativeMemory memory = NativeMemory.map((DEEPEST + 1) * load.pieceBytes())) {
            files.requireRunning();
            try (IoFile file = engine.create(path, pieces * load.pieceBytes())) {
                return measure(engine, file, memory.segment());
            } finally {
                files.operations().unlink(path);
            }
        }
    }

    private List<MountCheck> measure(PosixEngine engine, IoFile file, MemorySegment memory) throws IoFailure {
        HostBuffer source = new HostBuffer(memory.asSlice(0, load.pieceBytes()));
        fill(source.memory());
        List<HostBuffer> destinations = new ArrayList<>();
        for (int i = 1; i <= DEEPEST; i++) {
            destinations.add(new HostBuffer(memory.asSlice(i * load.pieceBytes(), load.pieceBytes())));
        }
        long pieces = file.sizeBytes() / load.pieceBytes();
        long written = 0;
        double[] writes = new double[DEPTHS.length];
        for (int i = 0; i < DEPTHS.length; i++) {
            Run run = new Run(DEPTHS[i], pieces, written);
            writes[i] = run.bytesPerSecond((offset, _) -> file.write(offset, source));
            written += run.pieces();
        }
        double[] reads = new double[DEPTHS.length];
        for (int i = 0; i < DEPTHS.length; i++) {
            reads[i] = new Run(DEPTHS[i], Math.min(pieces, written), 0)
                    .bytesPerSecond((offset, slot) -> file.read(offset, destinations.get(slot)));
        }
        for (HostBuffer read : destinations) {
            if (read.memory().mismatch(source.memory()) >= 0) {
                throw new IoFailure(Kind.IO, 0, file.file() + " gave back other bytes than were written");
            }
        }
        boolean direct = engine.path() == IoPath.ODIRECT;
        return List.of(check("write throughput", writes, direct), check("read throughput", reads, direct));
    }

    private MountCheck check(String name, double[] bytesPerSecond, boolean direct) {
        StringBuilder found = new StringBuilder(
                "pieces of %d KiB%s".formatted(load.pieceBytes() >> 10, direct ? "" : ", through the page cache"));
        for (int i = 0; i < DEPTHS.length; i++) {
            found.append("; %d in flight %.2f GB/s".formatted(DEPTHS[i], bytesPerSecond[i] / 1e9));
        }
        return new MountCheck(name, Verdict.OK, found.toString(), "");
    }

    private interface Piece {
        CompletableFuture<Void> move(long offset, int slot);
    }

    /** One measurement. */
    private final class Run {
        private final int depth;
        private final long filePieces;
        private final long first;
        private long moved;

        /**
         * Begins at a piece.
         *
         * @param filePieces how many there are; the first one follows the last
         */
        Run(int depth, long filePieces, long first) {
            this.depth = depth;
            this.filePieces = filePieces;
            this.first = first;
        }

        long pieces() {
            return moved;
        }

        double bytesPerSecond(Piece piece) throws IoFailure {
            List<CompletableFuture<Void>> slots = new ArrayList<>();
            long startNanos = System.nanoTime();
            long endNanos = startNanos + load.eachMillis() * 1_000_000;
            // each slot is used once at least, so that a read has something to compare
            while (moved < depth || (System.nanoTime() - endNanos < 0 && moved * load.pieceBytes() < load.bytesMax())) {
                files.requireRunning();
                int slot = (int) (moved % depth);
                if (slots.size() > slot) {
                    await(slots.get(slot));
                    slots.set(slot, move(piece, slot));
                } else {
                    slots.add(move(piece, slot));
                }
            }
            for (CompletableFuture<Void> last : slots) {
                await(last);
            }
            return moved * load.pieceBytes() / seconds(startNanos);
        }

        private CompletableFuture<Void> move(Piece piece, int slot) {
            long offset = (first + moved) % filePieces * load.pieceBytes();
            moved++;
            return piece.move(offset, slot);
        }
    }

    private static void await(CompletableFuture<Void> operation) throws IoFailure {
        try {
            operation.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IoFailure failure) {
                throw failure;
            }
            throw e;
        }
    }

    /** Bytes that no storage server makes smaller. */
    private static void fill(MemorySegment memory) {
        byte[] random = new byte[(int) memory.byteSize()];
        new Random(4).nextBytes(random);
        memory.copyFrom(MemorySegment.ofArray(random));
    }

    private static double seconds(long startNanos) {
        return Math.max(1, System.nanoTime() - startNanos) / 1e9;
    }
}
