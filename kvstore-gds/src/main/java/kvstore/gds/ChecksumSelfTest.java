package kvstore.gds;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;

/** Compares the kernel's checksums with the CPU's before any chunk relies on them: whole blocks and a short one. */
final class ChecksumSelfTest {
    private static final int BYTES = 3 * Blocks.BLOCK_BYTES + 12_345;

    private ChecksumSelfTest() {}

    /** @throws CudaException if they differ, or the kernel does not run */
    static void run(Gpu gpu) throws CudaException, IoFailure {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment payload = arena.allocate(BYTES);
            SplittableRandom random = new SplittableRandom(1);
            for (long i = 0; i < BYTES; i++) {
                payload.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
            }
            BlockChecksums.Accumulator expected = new BlockChecksums.Accumulator(BYTES);
            expected.update(payload);
            long memory = gpu.call(worker -> worker.cuda().allocate(BYTES));
            try {
                gpu.copyToDevice(memory, payload);
                if (!gpu.checksums(memory, BYTES).equals(expected.finish())) {
                    throw new CudaException(0, "its checksum kernel computes other numbers than the CPU");
                }
            } finally {
                gpu.run(worker -> worker.cuda().free(memory));
            }
        }
    }
}
