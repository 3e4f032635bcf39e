package kvstore.api;

/**
 * Memory that an engine reads into or writes from. Its address is a multiple of
 * {@link Blocks#MEMORY_ALIGNMENT_BYTES}, its size one of {@link Blocks#BLOCK_BYTES}.
 *
 * <p>The owner keeps the memory alive and untouched from the start of an operation until its future completes, also
 * when nobody waits for the result any more.
 */
public sealed interface Buffer permits HostBuffer, DeviceBuffer {
    /** Size in bytes, a multiple of {@link Blocks#BLOCK_BYTES}. */
    long sizeBytes();
}
