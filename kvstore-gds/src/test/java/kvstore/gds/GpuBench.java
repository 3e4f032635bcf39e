package kvstore.gds;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kvstore.api.BlockChecksums;
import kvstore.api.Buffer;
import kvstore.api.DeviceBuffer;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFile;
import kvstore.gds.Availability.Available;
import kvstore.gds.GdsConfig.Compatibility;
import kvstore.gds.GdsConfig.Mode;
import kvstore.lustre.EngineConfig;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.lustre.PosixEngine;

/**
 * Measures the GPU path on a machine that has one; started by {@code kvstore-bench/gpu/measure.sh}. Each command prints a
 * line for each measurement. Rates are in GB/s, 10^9 bytes.
 */
final class GpuBench {
    private static final long MIB = 1 << 20;
    /** Moved in each pass. Smaller for a try without a GPU. */
    private static final long TOTAL_BYTES = Long.getLong("bench.mib", 4096) * MIB;

    /** Of the driver; for a try without a GPU. */
    private static final String CUDA_LIBRARY = System.getProperty("bench.libcuda", "");

    private static final int CHUNKS_UNDER_WAY = 16;

    private final String cuFileLibrary;

    private GpuBench(String cuFileLibrary) {
        this.cuFileLibrary = cuFileLibrary;
    }

    public static void main(String[] arguments) throws Exception {
        GpuBench bench = new GpuBench(arguments[0]);
        String[] rest = Arrays.copyOfRange(arguments, 2, arguments.length);
        switch (arguments[1]) {
            case "bindings" -> bench.bindings();
            case "kernel" -> bench.kernel(Path.of(rest[0]));
            case "copies" -> bench.copies();
            case "rates" -> bench.rates(rest[0].equals("buffered"), rest[1], directories(rest, 2));
            case "raw" -> bench.raw(rest[0].equals("buffered"), directories(rest, 1));
            case "region" -> bench.region(Path.of(rest[0]), Path.of(rest[1]));
            case "killed" -> bench.killed(Path.of(rest[0]), Path.of(rest[1]), Long.parseLong(rest[2]));
            default -> throw new IllegalArgumentException(arguments[1]);
        }
    }

    private static List<Path> directories(String[] arguments, int from) {
        return Stream.of(arguments).skip(from).map(Path::of).toList();
    }

    private Cuda cuda() {
        return available(Cuda.load(CUDA_LIBRARY));
    }

    private static <T> T available(Availability<T> found) {
        return switch (found) {
            case Available<T>(T value) -> value;
            case Availability.Unavailable<T>(String reason) -> throw new IllegalStateException(reason);
        };
    }

    private GdsConfig config(Mode mode, Compatibility compatibility, int threads, int pieceBytes) {
        return new GdsConfig(
                mode,
                compatibility,
                cuFileLibrary,
                CUDA_LIBRARY,
                Path.of("/tmp"),
                threads,
                threads,
                pieceBytes,
                8,
                30_000,
                30_000);
    }

    /** What is found on this machine. */
    private void bindings() throws CudaException {
        Cuda cuda = cuda();
        print("java %s, CUDA driver %d, %d GPUs"
                .formatted(System.getProperty("java.version"), cuda.driverVersion(), cuda.deviceCount()));
        int device = cuda.device(0);
        print("GPU 0: %s, %s".formatted(cuda.deviceName(device), cuda.deviceUuid(device)));
        CuFile cuFile = available(CuFile.load(cuFileLibrary));
        print("%s".formatted(cuFile.describeVersion()));
        print("functions it lacks: %s"
                .formatted(Stream.of(CuFileFunction.values())
                        .filter(function -> !cuFile.has(function))
                        .map(CuFileFunction::symbol)
                        .collect(Collectors.joining(" "))));
    }

    /** The kernel beside the CPU, byte for byte, then its rate. */
    private void kernel(Path directory) throws Exception {
        long bytes = Math.min(1024 * MIB, TOTAL_BYTES);
        try (GpuEngine engine = engine(config(Mode.AUTO, Compatibility.STAGED, 1, 1 << 20), false, directory);
                Arena arena = Arena.ofShared()) {
            Gpu gpu = engine.gpu(0);
            print("GPU path %s: %s".formatted(engine.gpuPath(), engine.gpuReason()));
            long address = gpu.call(worker -> worker.cuda().allocate(bytes));
            MemorySegment host = arena.allocate(64 * MIB);
            long seed = 1;
            for (long i = 0; i < host.byteSize(); i += 8) {
                seed = seed * 6364136223846793005L + 1442695040888963407L;
                host.set(ValueLayout.JAVA_LONG, i, seed ^ (seed >>> 29));
            }
            for (long at = 0; at < bytes; at += host.byteSize()) {
                gpu.copyToDevice(address + at, host);
            }
            int compared = 0;
            for (long length :
                    new long[] {1, 5, 4097, 65_535, 65_536, 65_537, 15 * MIB + 768 * 1024, 32 * MIB + 333, 63 * MIB}) {
                for (long offset : new long[] {0, 1, 16, 4096}) {
                    MemorySegment piece = host.asSlice(offset, length);
                    BlockChecksums.Accumulator expected = new BlockChecksums.Accumulator(length);
                    long start = System.nanoTime();
                    expected.update(piece);
                    long cpuNanos = System.nanoTime() - start;
                    if (!gpu.checksums(address + offset, length).equals(expected.finish())) {
                        throw new AssertionError("kernel and CPU differ: " + length + " bytes at " + offset);
                    }
                    compared++;
                    if (length == 63 * MIB && offset == 0) {
                        print("CPU checksum, one thread: %.1f GB/s".formatted(rate(length, cpuNanos)));
                    }
                }
            }
            print("kernel and CPU agree on %d stretches".formatted(compared));
            for (long length : new long[] {4 * MIB, 16_515_072, 32 * MIB, bytes / 4}) {
                double[] kernelRate = new double[1];
                gpu.run(worker -> kernelRate[0] = kernelRate(gpu, worker, address, length, bytes));
                long start = System.nanoTime();
                int calls = 200;
                for (int i = 0; i < calls; i++) {
                    Object _ = gpu.checksums(address + (i * length) % (bytes - length), length);
                }
                print("checksum of %.2f MiB: kernel %.0f GB/s, whole call %.0f GB/s (%.0f us)"
                        .formatted(
                                (double) length / MIB,
                                kernelRate[0],
                                rate(calls * length, System.nanoTime() - start),
                                (System.nanoTime() - start) / 1e3 / calls));
            }
            gpu.run(worker -> worker.cuda().free(address));
        }
    }

    private static double kernelRate(Gpu gpu, GpuWorker worker, long address, long length, long bytes)
            throws CudaException {
        Cuda cuda = worker.cuda();
        long start = cuda.createEvent();
        long end = cuda.createEvent();
        int launches = 50;
        gpu.kernel().start(address, length, worker.slot(), worker.stream());
        cuda.record(start, worker.stream());
        for (int i = 0; i < launches; i++) {
            // rotating, so that the cache of the GPU does not hold it
            long at = i * length % (bytes - length) / 65_536 * 65_536;
            gpu.kernel().start(address + at, length, worker.slot(), worker.stream());
        }
        cuda.record(end, worker.stream());
        worker.await();
        double rate = launches * length / (cuda.elapsedMillis(start, end) * 1e6);
        cuda.destroyEvent(start);
        cuda.destroyEvent(end);
        return rate;
    }

    /** Pinned host memory to the GPU and back: the limit of the bus. */
    private void copies() throws Exception {
        Cuda cuda = cuda();
        int device = cuda.device(0);
        cuda.makeCurrent(cuda.retainPrimaryContext(device));
        long stream = cuda.createStream();
        long size = 256 * MIB;
        long address = cuda.allocate(size);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate(size, 1 << 16);
            cuda.pin(host);
            for (int round = 0; round < 2; round++) {
                long start = System.nanoTime();
                for (int i = 0; i < 16; i++) {
                    cuda.copyToDevice(address, host, stream);
                }
                cuda.synchronize(stream);
                long middle = System.nanoTime();
                for (int i = 0; i < 16; i++) {
                    cuda.copyToHost(host, address, stream);
                }
                cuda.synchronize(stream);
                long end = System.nanoTime();
                if (round == 1) {
                    print("bus, pinned: to GPU %.1f, from GPU %.1f"
                            .formatted(rate(16 * size, middle - start), rate(16 * size, end - middle)));
                }
            }
            cuda.unpin(host);
        }
        cuda.free(address);
        cuda.releasePrimaryContext(device);
    }

    private GpuEngine engine(GdsConfig config, boolean buffered, Path directory) throws IOException {
        EngineConfig base = new EngineConfig(
                Math.max(config.readThreads(), 8),
                Math.max(config.writeThreads(), 8),
                buffered ? DirectMode.OFF : DirectMode.AUTO);
        return available(GpuEngine.open(config, PosixEngine.open(base, directory), directory));
    }

    /** The engine, chunks of two models, on each way, for some numbers of threads and sizes of pieces. */
    private void rates(boolean buffered, String ways, List<Path> directories) throws Exception {
        int[][] shapes =
                buffered ? new int[][] {{16, 4}, {32, 4}} : new int[][] {{8, 4}, {16, 4}, {32, 4}, {32, 8}, {16, 16}};
        for (int[] shape : shapes) {
            // one after the other for each shape, so that what drifts does not favour one of them
            for (String way : ways.split(",", -1)) {
                Compatibility compatibility = way.equals("staged") ? Compatibility.STAGED : Compatibility.CUFILE;
                GdsConfig config = config(Mode.AUTO, compatibility, shape[0], shape[1] << 20);
                try (GpuEngine engine = engine(config, buffered, directories.getFirst())) {
                    for (long chunk : new long[] {16_515_072, 32 * MIB}) {
                        String what = "%s %s, %d threads, pieces %d MiB, chunks %.2f MiB"
                                .formatted(
                                        buffered ? "page cache" : "O_DIRECT",
                                        way,
                                        shape[0],
                                        shape[1],
                                        chunk / (double) MIB);
                        measure(engine, buffered, way.equals("direct"), chunk, directories, what);
                    }
                }
            }
        }
    }

    private void measure(
            GpuEngine engine, boolean buffered, boolean direct, long chunk, List<Path> directories, String what)
            throws Exception {
        Gpu gpu = engine.gpu(0);
        int slots = 2 * CHUNKS_UNDER_WAY;
        long address = gpu.call(worker -> worker.cuda().allocate(slots * chunk));
        byte[] pattern = TestGpu.random(chunk, chunk);
        for (int i = 0; i < CHUNKS_UNDER_WAY; i++) {
            pattern[0] = (byte) i;
            gpu.copyToDevice(address + i * chunk, MemorySegment.ofArray(pattern));
        }
        BlockChecksums[] sums = new BlockChecksums[CHUNKS_UNDER_WAY];
        for (int i = 0; i < CHUNKS_UNDER_WAY; i++) {
            sums[i] = gpu.checksums(address + i * chunk, chunk);
        }
        try (ChunkFiles files = new ChunkFiles(engine, directories, chunk)) {
            String wrote = median(
                    buffered ? 1 : 3,
                    files.totalBytes(),
                    () -> files.move(
                            false, i -> new DeviceBuffer(0, address, (i % CHUNKS_UNDER_WAY) * chunk, chunk, direct)));
            String read = median(
                    3,
                    files.totalBytes(),
                    () -> files.move(
                            true,
                            i -> new DeviceBuffer(
                                    0, address, (CHUNKS_UNDER_WAY + i % CHUNKS_UNDER_WAY) * chunk, chunk, direct)));
            for (int i = 0; i < CHUNKS_UNDER_WAY; i++) {
                if (!gpu.checksums(address + (CHUNKS_UNDER_WAY + i) * chunk, chunk)
                        .equals(sums[i])) {
                    throw new AssertionError("wrong bytes in chunk " + i + ": " + what);
                }
            }
            print("%s: write %s, read %s%s"
                    .formatted(
                            what,
                            wrote,
                            read,
                            engine.reads().fallbacks().isEmpty()
                                    ? ""
                                    : " FALLBACKS " + engine.reads().fallbacks()));
        } finally {
            gpu.run(worker -> worker.cuda().free(address));
        }
    }

    /** cuFileRead and cuFileWrite alone, and O_DIRECT into host memory alone: what there is to reach. */
    private void raw(boolean buffered, List<Path> directories) throws Exception {
        int[][] shapes =
                buffered ? new int[][] {{16, 4}, {32, 4}} : new int[][] {{8, 4}, {16, 4}, {32, 4}, {32, 8}, {16, 16}};
        for (int[] shape : shapes) {
            int piece = shape[1] << 20;
            GdsConfig config = config(Mode.AUTO, Compatibility.CUFILE, shape[0], piece);
            try (GpuEngine engine = engine(config, buffered, directories.getFirst());
                    ChunkFiles files = new ChunkFiles(engine, directories, piece)) {
                List<GpuWorker> workers = engine.gpu(0).lane(true).workers();
                Pass write = () -> rawPass(files, workers, engine, false, piece);
                Pass read = () -> rawPass(files, workers, engine, true, piece);
                print("%s cuFile alone, %d threads, requests %d MiB: write %s, read %s"
                        .formatted(
                                buffered ? "page cache" : "O_DIRECT",
                                shape[0],
                                shape[1],
                                median(buffered ? 1 : 3, files.totalBytes(), write),
                                median(3, files.totalBytes(), read)));
            }
            EngineConfig host = new EngineConfig(shape[0], shape[0], buffered ? DirectMode.OFF : DirectMode.AUTO);
            try (Arena arena = Arena.ofShared();
                    PosixEngine engine = PosixEngine.open(host, directories.getFirst());
                    ChunkFiles files = new ChunkFiles(engine, directories, piece)) {
                int buffers = 4 * shape[0];
                MemorySegment memory = arena.allocate((long) buffers * piece, 1 << 16);
                memory.fill((byte) 7);
                Buffers all = i -> new HostBuffer(memory.asSlice((long) (i % buffers) * piece, piece));
                print("%s host memory alone, %d threads, requests %d MiB: write %s, read %s"
                        .formatted(
                                buffered ? "page cache" : "O_DIRECT",
                                shape[0],
                                shape[1],
                                median(buffered ? 1 : 3, files.totalBytes(), () -> files.move(false, all)),
                                median(3, files.totalBytes(), () -> files.move(true, all))));
            }
        }
    }

    private static void rawPass(ChunkFiles files, List<GpuWorker> slots, GpuEngine engine, boolean reading, int piece)
            throws Exception {
        List<CuFileHandle> handles = files.handles(engine);
        int threads = slots.size();
        CyclicBarrier barrier = new CyclicBarrier(threads + 1);
        List<Thread> running = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int thread = t;
            running.add(Thread.ofPlatform().start(() -> {
                try {
                    engine.gpu(0).onThisThread(() -> {
                        awaitAll(barrier);
                        for (int i = thread; i < files.count(); i += threads) {
                            long moved = reading
                                    ? handles.get(files.fileOf(i))
                                            .read(slots.get(thread).slot(), piece, files.offsetOf(i), 0)
                                    : handles.get(files.fileOf(i))
                                            .write(slots.get(thread).slot(), piece, files.offsetOf(i), 0);
                            if (moved != piece) {
                                throw new AssertionError("moved " + moved);
                            }
                        }
                    });
                } catch (CudaException e) {
                    throw new AssertionError(e);
                }
            }));
        }
        awaitAll(barrier);
        for (Thread thread : running) {
            thread.join();
        }
    }

    /** One pass over all bytes. */
    private interface Pass {
        void run() throws Exception;
    }

    /** The median of some passes, after one that warms: files have their space then, and memory its pages. */
    private static String median(int passes, long bytes, Pass pass) throws Exception {
        pass.run();
        List<Meter> meters = new ArrayList<>();
        for (int i = 0; i < passes; i++) {
            Meter meter = new Meter();
            pass.run();
            meter.stop();
            meters.add(meter);
        }
        meters.sort(Comparator.comparingLong(Meter::nanos));
        return meters.get(passes / 2).result(bytes);
    }

    private static void awaitAll(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Memory of a process with PyTorch: {@code exports} has a line for each tensor: UUID, handle, offset, size. */
    private void region(Path exports, Path directory) throws Exception {
        List<String> lines = Files.readAllLines(exports);
        for (Compatibility compatibility : Compatibility.values()) {
            try (GpuEngine engine = engine(config(Mode.AUTO, compatibility, 8, 4 << 20), false, directory);
                    GpuRegion from = open(engine, lines.get(0));
                    GpuRegion into = open(engine, lines.get(1));
                    Arena arena = Arena.ofShared()) {
                long size = from.sizeBytes() / 65_536 * 65_536;
                Path file = directory.resolve("region-" + compatibility);
                try (IoFile opened = engine.create(file, size)) {
                    Meter meter = new Meter();
                    opened.write(0, from.buffer(0, size)).join();
                    meter.stop();
                    String wrote = meter.result(size);
                    meter = new Meter();
                    opened.read(0, into.buffer(0, size)).join();
                    meter.stop();
                    print("region by %s: %d bytes out %s, in %s"
                            .formatted(engine.gpuPath(), size, wrote, meter.result(size)));
                }
                Files.delete(file);
                MemorySegment tail = arena.allocate(from.sizeBytes() - size);
                from.read(size, tail);
                into.write(size, tail);
                BlockChecksums byGpu = into.checksums(0, into.sizeBytes());
                MemorySegment host = arena.allocate(from.sizeBytes());
                from.read(0, host);
                BlockChecksums.Accumulator byCpu = new BlockChecksums.Accumulator(host.byteSize());
                byCpu.update(host);
                if (!byGpu.equals(byCpu.finish())) {
                    throw new AssertionError("the client's memory differs");
                }
                print("region by %s: the checksums of all %d bytes agree, GPU and CPU"
                        .formatted(engine.gpuPath(), from.sizeBytes()));
            }
        }
    }

    /** Loads into memory whose process is killed meanwhile; then its memory must come back. */
    private void killed(Path exports, Path directory, long pid) throws Exception {
        String[] lines = Files.readAllLines(exports).toArray(String[]::new);
        try (GpuEngine engine = engine(config(Mode.AUTO, Compatibility.CUFILE, 8, 4 << 20), false, directory)) {
            Gpu gpu = engine.gpu(0);
            long before = gpu.call(worker -> worker.cuda().freeBytes());
            GpuRegion region = open(engine, lines[0]);
            long size = region.sizeBytes() / 65_536 * 65_536;
            Path path = directory.resolve("killed");
            try (IoFile file = engine.create(path, size)) {
                file.write(0, region.buffer(0, size)).join();
                List<CompletableFuture<Void>> reads = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    reads.add(file.read(0, region.buffer(0, size)));
                }
                reads.getFirst().join();
                ProcessHandle client = ProcessHandle.of(pid).orElseThrow();
                boolean _ = client.destroyForcibly();
                long underWay = reads.stream().filter(read -> !read.isDone()).count();
                client.onExit().join();
                reads.forEach(CompletableFuture::join);
                print("killed the client with %d of 40 loads under way: all ended well".formatted(underWay));
            }
            Files.delete(path);
            long dead = gpu.call(worker -> worker.cuda().freeBytes());
            region.close();
            long after = gpu.call(worker -> worker.cuda().freeBytes());
            print("free GPU memory, MiB: %d with the client, %d after its death, %d after the region was closed"
                    .formatted(before / MIB, dead / MIB, after / MIB));
        }
    }

    private static GpuRegion open(GpuEngine engine, String line) throws IOException {
        String[] fields = line.split(" ", -1);
        return engine.region(
                UUID.fromString(fields[0]),
                HexFormat.of().parseHex(fields[1]),
                Long.parseLong(fields[2]),
                Long.parseLong(fields[3]));
    }

    private static double rate(long bytes, long nanos) {
        return (double) bytes / nanos;
    }

    /** One line of the result. */
    private static void print(String line) {
        System.out.println(line);
    }

    /** Time, and time of all cores, since its making. */
    private static final class Meter {
        private final com.sun.management.OperatingSystemMXBean process =
                ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
        private final long startNanos = System.nanoTime();
        private final long startCpuNanos = process.getProcessCpuTime();

        private long nanos;
        private long cpuNanos;

        void stop() {
            nanos = System.nanoTime() - startNanos;
            cpuNanos = process.getProcessCpuTime() - startCpuNanos;
        }

        long nanos() {
            return nanos;
        }

        String result(long bytes) {
            return "%.1f GB/s (%.2f core-s/GB)".formatted(rate(bytes, nanos), (double) cpuNanos / bytes);
        }
    }

    /** Which buffer moves chunk {@code i}. */
    private interface Buffers {
        Buffer of(int i);
    }

    /** Two files in each directory, and chunks dealt out over them. Removed when it is closed. */
    private static final class ChunkFiles implements AutoCloseable {
        private final List<IoFile> files = new ArrayList<>();
        private final long chunk;
        private final int perFile;

        ChunkFiles(IoEngine engine, List<Path> directories, long chunk) throws IOException {
            this.chunk = chunk;
            int count = 2 * directories.size();
            perFile = Math.toIntExact(TOTAL_BYTES / chunk / count);
            for (int i = 0; i < count; i++) {
                Path file = directories.get(i % directories.size()).resolve("bench-" + i);
                Files.deleteIfExists(file);
                files.add(engine.create(file, perFile * chunk));
            }
        }

        int count() {
            return perFile * files.size();
        }

        long totalBytes() {
            return count() * chunk;
        }

        int fileOf(int i) {
            return i % files.size();
        }

        long offsetOf(int i) {
            return i / files.size() * chunk;
        }

        List<CuFileHandle> handles(GpuEngine engine) {
            return files.stream()
                    .map(file -> Objects.requireNonNull(((GpuFile) file).handle(), engine::gpuReason))
                    .toList();
        }

        void move(boolean reading, Buffers buffers) {
            ArrayDeque<CompletableFuture<Void>> underWay = new ArrayDeque<>();
            int most = chunk > 8 * MIB ? CHUNKS_UNDER_WAY : 4 * CHUNKS_UNDER_WAY;
            for (int i = 0; i < count(); i++) {
                if (underWay.size() == most) {
                    underWay.remove().join();
                }
                IoFile file = files.get(fileOf(i));
                underWay.add(reading ? file.read(offsetOf(i), buffers.of(i)) : file.write(offsetOf(i), buffers.of(i)));
            }
            underWay.forEach(CompletableFuture::join);
        }

        @Override
        public void close() {
            for (IoFile file : files) {
                file.close();
                try {
                    Files.delete(file.file());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
