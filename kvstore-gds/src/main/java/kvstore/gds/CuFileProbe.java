package kvstore.gds;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import kvstore.api.DescriptorFile;
import kvstore.api.HostBuffer;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.gds.Availability.Available;
import kvstore.gds.Availability.Unavailable;
import kvstore.gds.PathCounters.Requests;

/**
 * Finds out, with a file that is written, read back by both engines and removed, whether libcufile moves the right bytes in
 * a directory, and which way they go. That it opens a file proves neither: it falls back to host memory without a word.
 */
final class CuFileProbe {
    /**
     * What was found.
     *
     * @param path {@code STAGED} if libcufile is not to be used
     * @param reason a sentence for an operator
     */
    record Result(GpuPath path, String reason) {}

    private final CuFile cuFile;
    private final Gpu gpu;
    private final IoEngine base;
    private final Path directory;

    CuFileProbe(CuFile cuFile, Gpu gpu, IoEngine base, Path directory) {
        this.cuFile = cuFile;
        this.gpu = gpu;
        this.base = base;
        this.directory = directory;
    }

    /**
     * Writes, reads and compares one slot.
     *
     * @throws IoFailure if the directory cannot be written without libcufile either
     */
    Result run(int slotBytes) throws IoFailure {
        Path path = directory.resolve(".kvstore-gds-probe-" + UUID.randomUUID());
        try (IoFile file = base.create(path, slotBytes)) {
            if (!(file instanceof DescriptorFile open)) {
                return new Result(GpuPath.STAGED, "the engine underneath has no descriptors to hand to cuFile");
            }
            return switch (CuFileHandle.register(cuFile, open.descriptor())) {
                case CuFileHandle.Refused(CuFileStatus status) ->
                    new Result(
                            GpuPath.STAGED,
                            "cuFile refuses files in " + directory + ": " + status.describe(cuFile.version()));
                case CuFileHandle.Registered(CuFileHandle handle) -> {
                    try {
                        yield moveAndCompare(handle, file, slotBytes);
                    } finally {
                        handle.deregister();
                    }
                }
            };
        } finally {
            remove(path);
        }
    }

    private Result moveAndCompare(CuFileHandle handle, IoFile file, int slotBytes) throws IoFailure {
        Availability<Requests> before = PathCounters.read(cuFile);
        String fault = gpu.callOn(gpu.lane(true), worker -> {
            MemorySegment staging = worker.staging();
            fillWithPattern(staging);
            worker.cuda().copyToDevice(worker.slot(), staging, worker.stream());
            worker.await();
            long written = handle.write(worker.slot(), slotBytes, 0, 0);
            if (written != slotBytes) {
                return "a write gave " + describe(written);
            }
            staging.fill((byte) 0);
            join(file, staging);
            if (!hasPattern(staging)) {
                return "other bytes are in the file than were written";
            }
            worker.cuda().fill(worker.slot(), (byte) 0, slotBytes, worker.stream());
            worker.await();
            long read = handle.read(worker.slot(), slotBytes, 0, 0);
            if (read != slotBytes) {
                return "a read gave " + describe(read);
            }
            staging.fill((byte) 0);
            worker.cuda().copyToHost(staging, worker.slot(), worker.stream());
            worker.await();
            return hasPattern(staging) ? "" : "other bytes came back than are in the file";
        });
        if (!fault.isEmpty()) {
            return new Result(GpuPath.STAGED, "cuFile does not work in " + directory + ": " + fault);
        }
        return wayOf(before, PathCounters.read(cuFile));
    }

    private Result wayOf(Availability<Requests> before, Availability<Requests> after) {
        if (before instanceof Available<Requests>(Requests old) && after instanceof Available<Requests>(Requests now)) {
            Requests moved = now.since(old);
            String counted = "cuFile counted %d requests past host memory and %d through it in %s"
                    .formatted(moved.direct(), moved.throughHost(), directory);
            boolean direct = moved.direct() >= 2 && moved.throughHost() == 0;
            return new Result(direct ? GpuPath.CUFILE : GpuPath.CUFILE_COMPAT, counted);
        }
        String why = after instanceof Unavailable<Requests>(String reason) ? reason : "its counters came late";
        return new Result(GpuPath.CUFILE_COMPAT, "cuFile works in " + directory + "; which way is not known: " + why);
    }

    private String describe(long result) {
        return result >= 0
                ? result + " bytes"
                : result <= -CuFileStatus.BASE
                        ? CuFileStatus.nameOf((int) -result, cuFile.version())
                        : "errno " + -result;
    }

    private static void join(IoFile file, MemorySegment memory) throws IoFailure {
        try {
            file.read(0, new HostBuffer(memory)).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IoFailure failure) {
                throw failure;
            }
            throw e;
        }
    }

    private static void fillWithPattern(MemorySegment memory) {
        for (long i = 0; i < memory.byteSize(); i += Long.BYTES) {
            memory.set(ValueLayout.JAVA_LONG, i, pattern(i));
        }
    }

    private static boolean hasPattern(MemorySegment memory) {
        for (long i = 0; i < memory.byteSize(); i += Long.BYTES) {
            if (memory.get(ValueLayout.JAVA_LONG, i) != pattern(i)) {
                return false;
            }
        }
        return true;
    }

    /** No two words of a slot are alike, so that a shifted or repeated piece shows. */
    private static long pattern(long offset) {
        return (offset + 1) * 0x9E3779B97F4A7C15L;
    }

    private static void remove(Path path) throws IoFailure {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new IoFailure(IoFailure.Kind.OTHER, 0, "cannot remove " + path + ": " + e.getMessage());
        }
    }
}
