package kvstore.api;

import java.lang.foreign.MemorySegment;

/**
 * Off-heap memory of this process, aligned for direct I/O.
 *
 * @param memory native; its address is a multiple of {@link Blocks#MEMORY_ALIGNMENT_BYTES}, its size one of
 *     {@link Blocks#BLOCK_BYTES}
 */
public record HostBuffer(MemorySegment memory) implements Buffer {
    public HostBuffer {
        if (!memory.isNative()) {
            throw new IllegalArgumentException("payload memory lies outside the heap");
        }
        if (!Blocks.isMemoryAligned(memory.address()) || !Blocks.isAligned(memory.byteSize())) {
            throw new IllegalArgumentException(
                    "buffer of %d bytes at 0x%x is not aligned: addresses are multiples of %d, sizes of %d bytes"
                            .formatted(
                                    memory.byteSize(),
                                    memory.address(),
                                    Blocks.MEMORY_ALIGNMENT_BYTES,
                                    Blocks.BLOCK_BYTES));
        }
    }

    @Override
    public long sizeBytes() {
        return memory.byteSize();
    }

    /** A part of this buffer; both numbers are multiples of {@link Blocks#BLOCK_BYTES}. */
    public HostBuffer slice(long offset, long sizeBytes) {
        return new HostBuffer(memory.asSlice(offset, sizeBytes));
    }
}
