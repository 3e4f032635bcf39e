package kvstore.gds;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;

/**
 * The allocations of other processes that are mapped on one GPU, each once, however many regions lie in it: an allocator
 * such as PyTorch's puts many tensors into one. Thread-safe.
 */
final class IpcMappings {
    private final Gpu gpu;
    private final Map<String, Mapping> mappings = new HashMap<>();

    IpcMappings(Gpu gpu) {
        this.gpu = gpu;
    }

    /** An allocation, mapped from its first byte to its last. */
    static final class Mapping {
        private final String key;
        private final long address;
        private final long sizeBytes;
        private int users;

        private Mapping(String key, long address, long sizeBytes) {
            this.key = key;
            this.address = address;
            this.sizeBytes = sizeBytes;
        }

        long address() {
            return address;
        }

        long sizeBytes() {
            return sizeBytes;
        }
    }

    /**
     * Maps an allocation, or finds it mapped.
     *
     * @throws IoFailure {@code DENIED} if the driver refuses
     */
    synchronized Mapping open(byte[] handle) throws IoFailure {
        if (handle.length != Cuda.IPC_HANDLE_BYTES) {
            throw new IoFailure(Kind.DENIED, 0, "a CUDA IPC handle has 64 bytes, not " + handle.length);
        }
        byte[] copy = Arrays.copyOf(handle, handle.length);
        String key = HexFormat.of().formatHex(copy);
        Mapping mapping = mappings.get(key);
        if (mapping == null) {
            mapping = gpu.call(worker -> {
                try {
                    long address = worker.cuda().ipcOpen(copy);
                    return new Mapping(
                            key, address, worker.cuda().rangeOf(address).sizeBytes());
                } catch (CudaException e) {
                    throw new IoFailure(
                            Kind.DENIED,
                            0,
                            "this memory cannot be shared: " + e.getMessage()
                                    + "; only memory of cudaMalloc in another process can: not that of PyTorch's"
                                    + " expandable segments, of cudaMallocAsync, or of vLLM's sleep mode");
                }
            });
            mappings.put(key, mapping);
        }
        mapping.users++;
        return mapping;
    }

    /** Unmaps it with its last user. Nothing is under way in it. */
    synchronized void close(Mapping mapping) throws IoFailure {
        if (--mapping.users == 0) {
            mappings.remove(mapping.key);
            gpu.run(worker -> worker.cuda().ipcClose(mapping.address));
        }
    }
}
