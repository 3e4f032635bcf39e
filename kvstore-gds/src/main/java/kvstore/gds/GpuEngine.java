package kvstore.gds;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import kvstore.api.Breaker;
import kvstore.api.DescriptorFile;
import kvstore.api.DeviceBuffer;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.IoFile;
import kvstore.api.IoPath;
import kvstore.gds.Availability.Available;
import kvstore.gds.Availability.Unavailable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves extents between files and GPU memory, and stands on an engine that does so for host memory, which it also falls
 * back to. Everything that is asked of host memory goes to that engine unchanged.
 */
public final class GpuEngine implements IoEngine {
    private static final Logger LOG = LoggerFactory.getLogger(GpuEngine.class);

    private final GdsConfig config;
    private final IoEngine base;
    private final List<Gpu> gpus;
    private final @Nullable CuFileDriver driver;
    private final GpuPath gpuPath;
    private final String gpuReason;
    private final Breaker breaker;
    private final PieceMover mover;
    private final GpuStats reads = new GpuStats();
    private final GpuStats writes = new GpuStats();
    private final Set<GpuFile> files = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Set once transfers did not come back in the time that a close has, so that the next file does not wait as long. */
    private final AtomicBoolean stuck = new AtomicBoolean();

    private GpuEngine(GdsConfig config, IoEngine base, List<Gpu> gpus, Availability<CuFileDriver> started) {
        this.config = config;
        this.base = base;
        this.gpus = gpus;
        switch (started) {
            case Available<CuFileDriver>(CuFileDriver running) -> {
                this.driver = running;
                this.gpuPath = running.path();
                this.gpuReason = running.reason();
            }
            case Unavailable<CuFileDriver>(String reason) -> {
                this.driver = null;
                this.gpuPath = GpuPath.STAGED;
                this.gpuReason = reason;
            }
        }
        this.breaker = new Breaker(config.breakerFailures(), config.breakerRetryMillis(), System::nanoTime);
        this.mover = new PieceMover(breaker);
    }

    /**
     * Starts an engine for the GPUs of this process and the file system under {@code directory}, after writing, reading
     * back and removing a file there. On a platform thread, which may be held for seconds.
     *
     * @param base is closed by this engine's {@link #close()} if there is one
     * @return the engine, or why GPU memory cannot be served; {@code base} then serves alone
     * @throws IoFailure if the directory cannot be written
     * @throws IllegalStateException if the mode is {@code REQUIRE} and what it asks for is not there
     */
    public static Availability<GpuEngine> open(GdsConfig config, IoEngine base, Path directory) throws IoFailure {
        if (config.mode() == GdsConfig.Mode.OFF) {
            return new Unavailable<>("GPU memory is off by configuration");
        }
        Availability<GpuEngine> opened = switch (Cuda.load(config.cudaLibrary())) {
            case Unavailable<Cuda>(String reason) -> new Unavailable<>(reason);
            case Available<Cuda>(Cuda cuda) -> open(config, base, directory, cuda);
        };
        if (config.mode() == GdsConfig.Mode.REQUIRE) {
            String missing = switch (opened) {
                case Unavailable<GpuEngine>(String reason) -> reason;
                case Available<GpuEngine>(GpuEngine engine) -> engine.gpuPath == GpuPath.CUFILE ? "" : engine.gpuReason;
            };
            if (!missing.isEmpty()) {
                if (opened instanceof Available<GpuEngine>(GpuEngine engine)) {
                    engine.closeGpus();
                }
                throw new IllegalStateException("gds.mode is require, and the way past host memory is not proven: "
                        + missing + ". Set gds.mode to auto to go through host memory");
            }
        }
        return opened;
    }

    private static Availability<GpuEngine> open(GdsConfig config, IoEngine base, Path directory, Cuda cuda)
            throws IoFailure {
        List<Gpu> gpus = new ArrayList<>();
        try {
            for (int ordinal = 0; ordinal < cuda.deviceCount(); ordinal++) {
                gpus.add(Gpu.open(cuda, ordinal, config));
            }
            for (Gpu gpu : gpus) {
                ChecksumSelfTest.run(gpu);
            }
            return new Available<>(
                    new GpuEngine(config, base, gpus, CuFileDriver.start(config, gpus, base, directory)));
        } catch (CudaException e) {
            free(gpus, config);
            return new Unavailable<>("GPU " + gpus.size() + " cannot be used: " + e.getMessage());
        } catch (IoFailure | RuntimeException | Error e) {
            free(gpus, config);
            throw e;
        }
    }

    /** The way of host memory, which is that of the engine underneath. */
    @Override
    public IoPath path() {
        return base.path();
    }

    @Override
    public String reason() {
        return base.reason();
    }

    /** The way of GPU memory. */
    public GpuPath gpuPath() {
        return gpuPath;
    }

    /** Why it is this way, in a sentence for an operator. */
    public String gpuReason() {
        return gpuReason;
    }

    Gpu gpu(int ordinal) {
        return gpus.get(ordinal);
    }

    /** The GPUs that are served. */
    public List<UUID> gpus() {
        return gpus.stream().map(Gpu::uuid).toList();
    }

    /**
     * Shares GPU memory with another process.
     *
     * @param gpu where the memory is
     * @param handle 64 bytes, of {@code cudaIpcGetMemHandle} or {@code cuIpcGetMemHandle}
     * @param offsetInAllocation where the region starts, counted from the first byte of the allocation that the handle is
     *     of, which need not be the pointer that the client has
     * @throws IoFailure {@code DENIED}, with the reason, if this is not memory that can be shared
     */
    public GpuRegion region(UUID gpu, byte[] handle, long offsetInAllocation, long sizeBytes) throws IoFailure {
        requireOpen();
        for (Gpu candidate : gpus) {
            if (candidate.uuid().equals(gpu)) {
                return GpuRegion.open(candidate, candidate.mappings(), handle, offsetInAllocation, sizeBytes);
            }
        }
        throw new IoFailure(
                Kind.DENIED,
                0,
                "this memory cannot be shared: GPU " + gpu + " is not one of this daemon, which has " + gpus());
    }

    /** The GPUs that are served, with what they are called and what was taken there. */
    public List<ServedGpu> served() {
        return gpus.stream()
                .map(gpu -> new ServedGpu(gpu.uuid(), gpu.name(), gpu.slotBytes(), gpu.slotBytes()))
                .toList();
    }

    /** The figures of all reads into GPU memory. */
    public GpuStats reads() {
        return reads;
    }

    /** The figures of all writes from GPU memory. */
    public GpuStats writes() {
        return writes;
    }

    /** Whether libcufile is left alone for now because it kept failing. */
    public boolean breakerOpen() {
        return breaker.isOpen();
    }

    /** How often it has come to that. */
    public long breakerOpened() {
        return breaker.opened();
    }

    @Override
    public IoFile create(Path file, long sizeBytes) throws IoFailure {
        requireOpen();
        return registered(base.create(file, sizeBytes));
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        requireOpen();
        return registered(base.open(file));
    }

    private IoFile registered(IoFile file) {
        CuFileHandle handle = null;
        if (driver != null && file instanceof DescriptorFile open) {
            CuFile cuFile = driver.cuFile();
            switch (CuFileHandle.register(cuFile, open.descriptor())) {
                case CuFileHandle.Registered(CuFileHandle registered) -> handle = registered;
                case CuFileHandle.Refused(CuFileStatus status) ->
                    LOG.warn(
                            "cuFile refuses {}: {}; O_DIRECT and pinned memory are used for it",
                            file.file(),
                            status.describe(cuFile.version()));
            }
        }
        GpuFile opened = new GpuFile(this, file, handle);
        files.add(opened);
        return opened;
    }

    @Override
    public FileSystemFacts facts(Path directory) throws IoFailure {
        return base.facts(directory);
    }

    @Override
    public long allocatedBytes(Path file) throws IoFailure {
        return base.allocatedBytes(file);
    }

    GpuTransfer transfer(GpuFile file, boolean reading, DeviceBuffer buffer, long offset) {
        return new GpuTransfer(file, mover, reading ? reads : writes, reading, buffer, offset);
    }

    void start(GpuTransfer transfer, boolean reading, DeviceBuffer buffer) {
        transfer.start(gpu(buffer.gpu()).lane(reading), config.pieceBytes());
    }

    /** A file has no user any more, and its descriptor is about to be closed. */
    void forget(GpuFile file) {
        file.endHandle();
        files.remove(file);
    }

    /** How long to wait for transfers that have not come back; nothing once somebody has waited in vain. */
    long shutdownNanos() {
        return stuck.get() ? 0 : TimeUnit.MILLISECONDS.toNanos(config.shutdownMillis());
    }

    void isStuck() {
        stuck.set(true);
    }

    /**
     * Stops in this order: no new request, the end of those under way, handles, slots, libcufile, GPU memory, contexts, and
     * last the engine underneath. Requests that do not come back within the configured time are left behind together with
     * all that they might still touch, and the log says so.
     */
    @Override
    public void close() {
        if (Thread.currentThread() instanceof GpuWorker) {
            throw new IllegalStateException("an engine is not closed from its own threads");
        }
        closeGpus();
        base.close();
    }

    private void closeGpus() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        gpus.forEach(Gpu::stop);
        long deadlineNanos = System.nanoTime() + shutdownNanos();
        boolean ended = true;
        for (Gpu gpu : gpus) {
            ended &= gpu.awaitEnd(deadlineNanos);
        }
        if (!ended) {
            LOG.error(
                    "requests to cuFile or the GPU did not come back within {} ms; their memory is left to the end of"
                            + " the process",
                    config.shutdownMillis());
            return;
        }
        // no transfer is under way any more, so handles of files that are still open can end; host memory goes on there
        files.forEach(GpuFile::endHandle);
        if (driver != null) {
            driver.close();
        }
        free(gpus, config);
    }

    private static void free(List<Gpu> gpus, GdsConfig config) {
        for (Gpu gpu : gpus) {
            gpu.stop();
            if (gpu.awaitEnd(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(config.shutdownMillis()))) {
                try {
                    gpu.free();
                } catch (CudaException e) {
                    LOG.warn("{} is not given back: {}", gpu, e.getMessage());
                }
            }
        }
    }

    private void requireOpen() throws IoFailure {
        if (closed.get()) {
            throw new IoFailure(Kind.CLOSED, 0, "the engine is closed");
        }
    }
}
