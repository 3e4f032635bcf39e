package kvstore.gds;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import kvstore.api.Blocks;

/**
 * The checksums of {@link kvstore.api.BlockChecksums}, computed on the GPU. Belongs to the context that was current when it
 * was loaded. Thread-safe.
 */
final class ChecksumKernel {
    private static final String PTX = "block_checksums.ptx";
    private static final String FUNCTION = "block_checksums";

    private final Cuda cuda;
    private final long module;
    private final long function;
    private final long constants;

    private ChecksumKernel(Cuda cuda, long module, long function, long constants) {
        this.cuda = cuda;
        this.module = module;
        this.function = function;
        this.constants = constants;
    }

    /** Compiles the kernel for the current context's GPU, which takes a moment, and gives it its tables. */
    static ChecksumKernel load(Cuda cuda, long stream) throws CudaException {
        long module = cuda.loadModule(ptx());
        long constants = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment words = arena.allocateFrom(ValueLayout.JAVA_INT, Crc32cTables.constants());
            constants = cuda.allocate(words.byteSize());
            cuda.copyToDevice(constants, words, stream);
            cuda.synchronize(stream);
            return new ChecksumKernel(cuda, module, cuda.function(module, FUNCTION), constants);
        } catch (CudaException e) {
            if (constants != 0) {
                cuda.free(constants);
            }
            cuda.unloadModule(module);
            throw e;
        }
    }

    /**
     * Starts the computation. The result is there when the stream has come to it.
     *
     * @param address of the payload; fastest at a multiple of 16
     * @param lengthBytes at least 1
     * @param crcs device memory for a word for each block
     */
    void start(long address, long lengthBytes, long crcs, long stream) throws CudaException {
        int blocks = Math.toIntExact(Blocks.count(lengthBytes));
        int unpad = Crc32cTables.unpad((long) blocks * Blocks.BLOCK_BYTES - lengthBytes);
        cuda.launch(function, blocks, Crc32cTables.THREADS, stream, address, lengthBytes, crcs, constants, unpad);
    }

    /** Its context is current, and nothing is under way. */
    void unload() throws CudaException {
        cuda.free(constants);
        cuda.unloadModule(module);
    }

    private static String ptx() {
        try (InputStream in = Objects.requireNonNull(ChecksumKernel.class.getResourceAsStream(PTX), PTX)) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
