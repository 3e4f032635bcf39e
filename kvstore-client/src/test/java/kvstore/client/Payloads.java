package kvstore.client;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import kvstore.api.ChunkKey;

/** Values that can be told apart. */
final class Payloads {
    private Payloads() {}

    static byte[] bytes(long seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static Chunk filled(Arena arena, String key, byte[] bytes) {
        MemorySegment memory = arena.allocate(bytes.length);
        memory.copyFrom(MemorySegment.ofArray(bytes));
        return new Chunk(ChunkKey.of(key), memory);
    }

    static Chunk empty(Arena arena, String key, long size) {
        return new Chunk(ChunkKey.of(key), arena.allocate(size));
    }
}
