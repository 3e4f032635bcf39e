package kvstore.gds;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import kvstore.api.BlockChecksums;
import kvstore.api.DeviceBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import kvstore.api.Region;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stretch of GPU memory of another process, mapped through CUDA's inter-process handles. The mapping keeps the memory
 * alive when its owner dies, and taken until {@link #close()}. The owner must have waited for its own work on the memory
 * before it asks for a transfer: nothing here knows its streams.
 */
public final class GpuRegion implements Region {
    private static final Logger LOG = LoggerFactory.getLogger(GpuRegion.class);

    private final Gpu gpu;
    private final IpcMappings mappings;
    private final IpcMappings.Mapping mapping;
    private final long offsetInAllocation;
    private final long sizeBytes;
    private final AtomicBoolean closed = new AtomicBoolean();

    private GpuRegion(
            Gpu gpu, IpcMappings mappings, IpcMappings.Mapping mapping, long offsetInAllocation, long sizeBytes) {
        this.gpu = gpu;
        this.mappings = mappings;
        this.mapping = mapping;
        this.offsetInAllocation = offsetInAllocation;
        this.sizeBytes = sizeBytes;
    }

    /** As {@link GpuEngine#region}, on a GPU that was found. */
    static GpuRegion open(Gpu gpu, IpcMappings mappings, byte[] handle, long offsetInAllocation, long sizeBytes)
            throws IoFailure {
        IpcMappings.Mapping mapping = mappings.open(handle);
        // said this way round because what a client says may overflow
        if (offsetInAllocation < 0
                || sizeBytes <= 0
                || sizeBytes > mapping.sizeBytes()
                || offsetInAllocation > mapping.sizeBytes() - sizeBytes) {
            mappings.close(mapping);
            throw new IoFailure(
                    Kind.DENIED,
                    0,
                    "this memory cannot be shared: [%d, +%d) is not inside the allocation of %d bytes"
                            .formatted(offsetInAllocation, sizeBytes, mapping.sizeBytes()));
        }
        return new GpuRegion(gpu, mappings, mapping, offsetInAllocation, sizeBytes);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Anywhere: file I/O goes through memory of the engine, and a copy on the GPU has no alignment. */
    @Override
    public boolean isAligned(long offset) {
        return true;
    }

    @Override
    public DeviceBuffer buffer(long offset, long bufferBytes) {
        long _ = Objects.checkFromIndexSize(offset, bufferBytes, sizeBytes);
        return new DeviceBuffer(gpu.ordinal(), mapping.address(), offsetInAllocation + offset, bufferBytes, false);
    }

    @Override
    public void read(long offset, MemorySegment destination) throws IoFailure {
        long _ = Objects.checkFromIndexSize(offset, destination.byteSize(), sizeBytes);
        gpu.copyToHost(destination, address(offset));
    }

    @Override
    public void write(long offset, MemorySegment source) throws IoFailure {
        long _ = Objects.checkFromIndexSize(offset, source.byteSize(), sizeBytes);
        gpu.copyToDevice(address(offset), source);
    }

    /** Computed by the GPU; the bytes stay there. */
    @Override
    public BlockChecksums checksums(long offset, long lengthBytes) throws IoFailure {
        long _ = Objects.checkFromIndexSize(offset, lengthBytes, sizeBytes);
        return gpu.checksums(address(offset), lengthBytes);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            try {
                mappings.close(mapping);
            } catch (IoFailure e) {
                LOG.warn("GPU memory of a client stays mapped: {}", e.getMessage());
            }
        }
    }

    private long address(long offset) {
        return mapping.address() + offsetInAllocation + offset;
    }
}
