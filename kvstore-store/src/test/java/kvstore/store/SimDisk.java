package kvstore.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.SequencedSet;
import java.util.TreeMap;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import org.jspecify.annotations.Nullable;

/**
 * A disk that outlives the simulated process, with its files and directories, and does wrong what {@link SimFaults} say.
 * Every operation is a place where another thread has its turn or the process ends, and one that changes something happens
 * after that place, whole; when the process ends, a write that was waiting there happens in part.
 *
 * <p>Faults hit segment files only: markers are read and written once in a start, which is refused then.
 */
final class SimDisk {
    /** Hears what becomes of segment files, to know what may be missing. */
    interface Observer {
        /** A file is about to be deleted. */
        void deleting(Path file);

        /** It is gone. */
        void deleted(Path file);

        /** Whole blocks are in the file now. */
        void written(Path file, int firstBlock, MemorySegment content);

        /** This was to be written, and something else became of it. */
        void spoiled(Path file, MemorySegment meant);

        /** Something that was there may be gone or wrong. */
        void damaged(Path file);

        /** The bytes of all segment files have grown. */
        void grown(long segmentBytes);
    }

    private record PendingWrite(Path path, SimFile file, long offset, MemorySegment from) {}

    /** What a power loss may take back. */
    private record Undo(boolean name, Path path, @Nullable SimFile file, int block, Runnable restore) {}

    private static final int BLOCK = Blocks.BLOCK_BYTES;
    private static final int UNDO_MAX = 40;

    private final SimScheduler scheduler;
    private final Random random;
    private final Observer observer;
    private final TreeMap<Path, SimFile> files = new TreeMap<>();
    private final TreeMap<Path, Boolean> directories = new TreeMap<>();
    private final SequencedSet<PendingWrite> pending = new LinkedHashSet<>();
    private final ArrayDeque<Undo> undos = new ArrayDeque<>();

    SimFaults faults = SimFaults.NONE;

    /** Whether the process is reading everything that there is. */
    boolean starting;

    /** What it does wrong without telling the model, so that the model must find out. */
    enum Lie {
        NONE,
        DROPS_WRITES,
        FLIPS_WRITES,
        KEEPS_DELETED_FILES
    }

    private static final double LIE = 0.01;

    Lie lie = Lie.NONE;

    /** Of everything that was done, to see that two runs are the same. */
    private long fingerprint;

    /** What other programs have left. */
    long availableBytes = Long.MAX_VALUE / 2;

    private long injected;

    SimDisk(SimScheduler scheduler, Random random, Observer observer) {
        this.scheduler = scheduler;
        this.random = random;
        this.observer = observer;
        directories.put(Path.of("/"), true);
    }

    static boolean isSegment(Path path) {
        return path.toString().endsWith(".seg");
    }

    // ---- names

    @Nullable
    SimFile file(Path path) {
        return files.get(path);
    }

    boolean isDirectory(Path path) {
        return directories.containsKey(path);
    }

    SimFile open(Path path) throws IoFailure {
        enter("open", path, true);
        return existing(path);
    }

    List<Path> list(Path directory) throws IoFailure {
        enter("list", directory, false);
        List<Path> found = new ArrayList<>();
        for (TreeMap<Path, ?> names : List.of(files, directories)) {
            names.keySet().stream().filter(p -> directory.equals(p.getParent())).forEach(found::add);
        }
        return found;
    }

    /** Segment files, those set aside included. */
    List<Path> segments() {
        return files.keySet().stream().filter(SimDisk::isSegment).toList();
    }

    long segmentBytes() {
        return files.entrySet().stream()
                .filter(named -> isSegment(named.getKey()))
                .mapToLong(named -> named.getValue().sizeBytes())
                .sum();
    }

    private SimFile existing(Path path) throws IoFailure {
        SimFile file = files.get(path);
        if (file == null) {
            throw new IoFailure(IoFailure.Kind.NOT_FOUND, 2, path + " does not exist");
        }
        return file;
    }

    void makeDirectory(Path path) throws IoFailure {
        enter("mkdir", path, false);
        directories.put(path, true);
        undoable(path, () -> directories.remove(path));
    }

    SimFile create(Path path) throws IoFailure {
        enter("create", path, true);
        if (files.containsKey(path)) {
            throw new IoFailure(IoFailure.Kind.EXISTS, 17, path + " exists");
        }
        SimFile file = new SimFile();
        name(path, file);
        return file;
    }

    void allocate(Path path, SimFile file, long bytes) throws IoFailure {
        enter("allocate", path, true);
        if (bytes > availableBytes) {
            throw new IoFailure(IoFailure.Kind.NO_SPACE, 28, path + ": no space");
        }
        availableBytes -= bytes;
        file.resize(bytes);
        observer.grown(segmentBytes());
    }

    void delete(Path path) throws IoFailure {
        if (isSegment(path)) {
            observer.deleting(path);
        }
        enter("delete", path, true);
        SimFile gone = existing(path);
        if (lie != Lie.KEEPS_DELETED_FILES) {
            name(path, null);
        }
        if (isSegment(path)) {
            availableBytes += gone.sizeBytes();
            observer.deleted(path);
        }
    }

    /** Takes the name of a file away that was not completed, without a place for anybody else. */
    void forget(Path path) {
        scheduler.requireAlive();
        name(path, null);
    }

    void link(Path link, Path existing) throws IoFailure {
        enter("link", link, false);
        if (files.containsKey(link)) {
            throw new IoFailure(IoFailure.Kind.EXISTS, 17, link + " exists");
        }
        name(link, files.get(existing));
    }

    void rename(Path from, Path to) throws IoFailure {
        enter("rename", from, true);
        SimFile moved = existing(from);
        SimFile replaced = files.get(to);
        files.remove(from);
        files.put(to, moved);
        undoable(to, () -> {
            files.put(from, moved);
            put(to, replaced);
        });
    }

    private void name(Path path, @Nullable SimFile file) {
        SimFile before = files.get(path);
        put(path, file);
        undoable(path, () -> put(path, before));
    }

    private void put(Path path, @Nullable SimFile file) {
        if (file == null) {
            files.remove(path);
        } else {
            files.put(path, file);
        }
    }

    // ---- content

    void read(Path path, SimFile file, long offset, MemorySegment to) throws IoFailure {
        enter("read", path, true);
        if (offset + to.byteSize() > file.sizeBytes()) {
            throw new IoFailure(IoFailure.Kind.SHORT, 0, "the file ends at " + file.sizeBytes());
        }
        file.read(offset, to);
        if (isSegment(path) && random.nextDouble() < faults.silent()) {
            blame(path);
            flip(to);
        }
    }

    void write(Path path, SimFile file, long offset, MemorySegment from) throws IoFailure {
        PendingWrite write = new PendingWrite(path, file, offset, from);
        scheduler.requireAlive();
        pending.add(write);
        scheduler.pause();
        pending.remove(write);
        fingerprint = fingerprint * 31 + path.toString().hashCode() + offset + scheduler.nanos();
        IoFailure failure = chance(faults.error(), path) ? failure("write", path) : null;
        if (failure != null) {
            if (random.nextBoolean()) {
                tear(write);
            }
            throw failure;
        }
        if (isSegment(path) && random.nextDouble() < faults.silent()) {
            blame(path);
            observer.spoiled(path, from);
            writeWrong(write);
            return;
        }
        if (isSegment(path) && lie != Lie.NONE && random.nextDouble() < LIE) {
            if (lie == Lie.FLIPS_WRITES) {
                writeFlipped(write);
            }
            return;
        }
        apply(path, file, offset, from);
        if (isSegment(path)) {
            observer.written(path, (int) (offset / BLOCK), from);
        }
    }

    /** A write of this file, and every name, survives from now on. */
    void force(SimFile file) {
        scheduler.requireAlive();
        undos.removeIf(undo -> undo.name || undo.file == file);
    }

    /** Changes a bit of a segment file. */
    void rot() {
        List<Path> segments = segments();
        if (!segments.isEmpty()) {
            Path path = segments.get(random.nextInt(segments.size()));
            SimFile file = files.get(path);
            if (file != null && file.sizeBytes() > 0) {
                observer.damaged(path);
                // Near a block's start, where headers and short payloads are.
                long offset = (long) random.nextInt(file.blocks()) * BLOCK + random.nextInt(300);
                MemorySegment one = MemorySegment.ofArray(new byte[1]);
                file.read(offset, one);
                flip(one);
                file.write(offset, one);
            }
        }
    }

    /** The process has ended, and the power with it where the faults say so. */
    void crash() {
        pending.forEach(this::tearAtTheEnd);
        pending.clear();
        if (faults.powerLoss() && random.nextInt(3) > 0) {
            losePower();
        }
        undos.clear();
    }

    private void losePower() {
        int names = random.nextInt(4);
        record Place(@Nullable SimFile file, int block) {}
        LinkedHashSet<Place> survived = new LinkedHashSet<>();
        while (!undos.isEmpty()) {
            Undo undo = undos.removeLast();
            if (undo.name) {
                if (names-- > 0) {
                    undo.restore.run();
                    damagedIfSegment(undo.path);
                }
            } else if (random.nextInt(3) > 0) {
                survived.add(new Place(undo.file, undo.block));
            } else if (!survived.contains(new Place(undo.file, undo.block))) {
                undo.restore.run();
                damagedIfSegment(undo.path);
            }
        }
    }

    private void damagedIfSegment(Path path) {
        if (isSegment(path)) {
            observer.damaged(path);
        }
    }

    // ---- faults

    long fingerprint() {
        return fingerprint;
    }

    private void enter(String operation, Path path, boolean mayFail) throws IoFailure {
        scheduler.requireAlive();
        scheduler.pause();
        fingerprint =
                fingerprint * 31 + operation.hashCode() * 31L + path.toString().hashCode();
        if (mayFail && chance(faults.error(), path)) {
            throw failure(operation, path);
        }
    }

    private boolean chance(double probability, Path path) {
        if (!isSegment(path) || random.nextDouble() >= probability) {
            return false;
        }
        injected++;
        SimScheduler.Task task = scheduler.current();
        if (task != null) {
            task.faults++;
        }
        return true;
    }

    private IoFailure failure(String operation, Path path) {
        blameIfLasting(operation, path);
        String message = operation + " " + path + ": simulated";
        return switch (random.nextInt(4)) {
            case 0 -> new IoFailure(IoFailure.Kind.TRANSIENT, 108, message);
            case 1 ->
                operation.equals("read")
                        ? new IoFailure(IoFailure.Kind.SHORT, 0, message)
                        : new IoFailure(IoFailure.Kind.NO_SPACE, 28, message);
            default -> new IoFailure(IoFailure.Kind.IO, 5, message);
        };
    }

    /** What a start cannot read it goes without; what cannot be deleted is there again at the next one. */
    private void blameIfLasting(String operation, Path path) {
        boolean read = operation.equals("read") || operation.equals("open");
        if (read ? starting : !operation.equals("write") && !operation.equals("create")) {
            observer.damaged(path);
        }
    }

    long injected() {
        return injected;
    }

    private void blame(Path path) {
        injected++;
        SimScheduler.Task task = scheduler.current();
        if (task != null) {
            task.faults++;
        }
        observer.damaged(path);
    }

    private void writeWrong(PendingWrite write) {
        switch (random.nextInt(4)) {
            case 0 -> {} // lost
            case 1 -> tear(write);
            case 2 -> writeFlipped(write);
            default -> {
                List<Path> segments = segments();
                Path other = segments.get(random.nextInt(segments.size()));
                SimFile file = files.get(other);
                long room = file == null ? -1 : file.sizeBytes() - write.from.byteSize();
                observer.damaged(other);
                if (file != null && room >= 0) {
                    apply(other, file, random.nextInt((int) (room / BLOCK) + 1) * (long) BLOCK, write.from);
                }
            }
        }
    }

    private void writeFlipped(PendingWrite write) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(write.from.byteSize());
            copy.copyFrom(write.from);
            flip(copy);
            apply(write.path, write.file, write.offset, copy);
        }
    }

    /** Some pages of a write, or none, or all; who asked for it is told of a failure, or is not there any more. */
    private void tear(PendingWrite write) {
        int kind = random.nextInt(4);
        long pages = (write.from.byteSize() + SimFile.PAGE - 1) / SimFile.PAGE;
        long prefix = random.nextLong(pages + 1);
        for (long page = 0; page < pages; page++) {
            boolean written = switch (kind) {
                case 0 -> false;
                case 1 -> true;
                case 2 -> page < prefix;
                default -> random.nextBoolean();
            };
            if (written) {
                long at = page * SimFile.PAGE;
                long length = Math.min(SimFile.PAGE, write.from.byteSize() - at);
                apply(write.path, write.file, write.offset + at, write.from.asSlice(at, length));
            }
        }
    }

    /** What was under way at the end may be complete all the same. */
    private void tearAtTheEnd(PendingWrite write) {
        tear(write);
        if (isSegment(write.path)) {
            MemorySegment now = MemorySegment.ofArray(new byte[(int) write.from.byteSize()]);
            write.file.read(write.offset, now);
            observer.written(write.path, (int) (write.offset / BLOCK), now);
        }
    }

    private void apply(Path path, SimFile file, long offset, MemorySegment from) {
        if (faults.powerLoss()) {
            for (long at = offset / BLOCK; at * BLOCK < Math.min(offset + from.byteSize(), file.sizeBytes()); at++) {
                int block = (int) at;
                byte[] before = file.save(block);
                undo(new Undo(false, path, file, block, () -> file.restore(block, before)));
            }
        }
        file.write(offset, from);
    }

    private void undoable(Path path, Runnable restore) {
        if (faults.powerLoss()) {
            undo(new Undo(true, path, null, 0, restore));
        }
    }

    private void undo(Undo undo) {
        undos.add(undo);
        if (undos.size() > UNDO_MAX) {
            for (int i = 0; i < UNDO_MAX / 2; i++) {
                undos.removeFirst();
            }
        }
    }

    private void flip(MemorySegment memory) {
        long at = random.nextLong(Math.min(memory.byteSize(), 300));
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) (memory.get(ValueLayout.JAVA_BYTE, at) ^ 1 << random.nextInt(8)));
    }
}
