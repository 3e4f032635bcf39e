package kvstore.gds;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.gds.Availability.Available;
import kvstore.gds.Availability.Unavailable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** libcufile, started, with the slots of all GPUs registered, proven on a directory and wanted there. */
final class CuFileDriver {
    private static final Logger LOG = LoggerFactory.getLogger(CuFileDriver.class);

    private final CuFile cuFile;
    private final List<Gpu> gpus;
    private final List<Long> registered = new ArrayList<>();
    private CuFileProbe.Result probed = new CuFileProbe.Result(GpuPath.STAGED, "not probed");

    private CuFileDriver(CuFile cuFile, List<Gpu> gpus) {
        this.cuFile = cuFile;
        this.gpus = gpus;
    }

    /**
     * Starts the library.
     *
     * @throws IoFailure if the directory cannot be written at all
     */
    static Availability<CuFileDriver> start(GdsConfig config, List<Gpu> gpus, IoEngine base, Path directory)
            throws IoFailure {
        return switch (CuFile.load(config.cuFileLibrary())) {
            case Unavailable<CuFile>(String reason) -> new Unavailable<>(reason);
            case Available<CuFile>(CuFile cuFile) -> new CuFileDriver(cuFile, gpus).start(config, base, directory);
        };
    }

    private Availability<CuFileDriver> start(GdsConfig config, IoEngine base, Path directory) throws IoFailure {
        logInto(config.logDirectory());
        CuFileStatus opened = cuFile.driverOpen();
        if (!opened.isSuccess()) {
            return new Unavailable<>(
                    cuFile.describeVersion() + " does not start: " + opened.describe(cuFile.version()));
        }
        try {
            String refused = registerSlots(config.pieceBytes());
            if (!refused.isEmpty()) {
                close();
                return new Unavailable<>(refused);
            }
            count(true);
            // every GPU has a way of its own to the file system's network cards: the slowest kind counts for all
            for (Gpu gpu : gpus) {
                CuFileProbe.Result result = new CuFileProbe(cuFile, gpu, base, directory).run(config.pieceBytes());
                if (gpu == gpus.getFirst() || result.path().compareTo(probed.path()) > 0) {
                    probed = result;
                }
            }
            count(false);
        } catch (CudaException e) {
            close();
            return new Unavailable<>(cuFile.describeVersion() + " does not start: " + e.getMessage());
        } catch (IoFailure | RuntimeException | Error e) {
            close();
            throw e;
        }
        if (probed.path() == GpuPath.STAGED) {
            close();
            return new Unavailable<>(reason());
        }
        if (probed.path() == GpuPath.CUFILE_COMPAT && config.compatibility() == GdsConfig.Compatibility.STAGED) {
            close();
            return new Unavailable<>(
                    reason() + "; O_DIRECT and pinned memory are used instead, as gds.compatibility says");
        }
        return new Available<>(this);
    }

    CuFile cuFile() {
        return cuFile;
    }

    GpuPath path() {
        return probed.path();
    }

    String reason() {
        return cuFile.describeVersion() + ": " + probed.reason();
    }

    private void logInto(Path directory) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            LOG.warn("cufile.log has no directory {}: {}", directory, e.getMessage());
            return;
        }
        CuFileStatus status = cuFile.logInto(directory);
        if (!status.isSuccess()) {
            LOG.info(
                    "{} writes cufile.log where it likes ({}); set CUFILE_LOGFILE_PATH in the environment",
                    cuFile.describeVersion(),
                    status.describe(cuFile.version()));
        }
    }

    /** Returns what was refused, or an empty string. */
    private String registerSlots(int slotBytes) throws CudaException {
        List<String> refused = new ArrayList<>();
        for (Gpu gpu : gpus) {
            gpu.onThisThread(() -> gpu.slots().forEach(worker -> {
                CuFileStatus status = refused.isEmpty() ? cuFile.bufRegister(worker.slot(), slotBytes) : null;
                if (status != null && status.isSuccess()) {
                    registered.add(worker.slot());
                } else if (status != null) {
                    refused.add("cuFile registers no memory of %s: %s; lower gds.read-threads, gds.write-threads or"
                                    .formatted(gpu, status.describe(cuFile.version()))
                            + " gds.piece-size, or leave more of its BAR1 free");
                }
            }));
        }
        return String.join("", refused);
    }

    private void count(boolean on) {
        CuFileStatus _ = cuFile.call(CuFileFunction.SET_STATS_LEVEL, on ? CuFile.STATISTICS_PER_GPU : 0);
        CuFileStatus _ = cuFile.call(on ? CuFileFunction.STATS_START : CuFileFunction.STATS_STOP);
    }

    /** Ends the library's part. No request is under way and no handle is left; memory is freed after this. */
    void close() {
        for (Gpu gpu : gpus) {
            try {
                gpu.onThisThread(() -> gpu.slots()
                        .map(GpuWorker::slot)
                        .filter(registered::remove)
                        .forEach(slot -> {
                            CuFileStatus _ = cuFile.bufDeregister(slot);
                        }));
            } catch (CudaException e) {
                LOG.warn("the slots of {} stay registered: {}", gpu, e.getMessage());
            }
        }
        CuFileStatus status = cuFile.driverClose();
        if (!status.isSuccess()) {
            LOG.warn("cuFile does not stop: {}", status.describe(cuFile.version()));
        }
    }
}
