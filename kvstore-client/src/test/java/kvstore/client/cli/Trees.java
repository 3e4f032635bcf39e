package kvstore.client.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.NullMarked;

/** Trees as LMCache leaves them. The real ones are in the Python tests. */
@NullMarked
final class Trees {
    static final String FS_NATIVE_KEY = "org/m@01000100@0@00ff";
    static final String GDS_KEY = "org/m@1@0@b8a960cfcc69e7a5@bfloat16";
    static final String GDS_NAME = "13/30/org%2Fm%401%400%40b8a960cfcc69e7a5%40bfloat16.kvcache.safetensors";

    private Trees() {}

    static byte[] bytes(long seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static Path write(Path root, String name, byte[] bytes) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, bytes);
    }

    /**
     * A chunk of bfloat16 with the shape [2, 4, tokens, 8], and its metadata.
     *
     * @param payload 128 bytes for each token
     */
    static Path writeGds(Path root, byte[] payload) throws IOException {
        byte[] header = gdsHeader(payload.length);
        Path file = write(root, GDS_NAME, concat(header, payload));
        write(root, GDS_NAME + ".metadata", header);
        return file;
    }

    static byte[] gdsHeader(int length) {
        byte[] header = new byte[4096];
        Arrays.fill(header, (byte) ' ');
        ByteBuffer.wrap(header)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(4088)
                .put(
                        ("{\"kvcache\": {\"dtype\": \"BF16\", \"shape\": [2, 4, %d, 8], \"data_offsets\": [0, %d], \"fmt\": 1,"
                                        + " \"__metadata__\": {\"lmcache_version\": \"1\"}}}")
                                .formatted(length / 128, length)
                                .getBytes(StandardCharsets.US_ASCII));
        return header;
    }

    /** What begins a file of the in-process fs connector: bytes, no tensor. */
    static byte[] remoteMetadata(int length) {
        ByteBuffer head = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
        head.putInt(length)
                .putInt(5)
                .putInt(0)
                .putInt(length)
                .putInt(0)
                .putInt(0)
                .putInt(0);
        return head.array();
    }

    /** What ends the same as a value of the in-process connector: docs/reference/in-process-values.md. */
    static byte[] description(int length) {
        int padding = length % 2 == 0 ? 1 : 0;
        ByteBuffer tail = ByteBuffer.allocate(24 + padding + 16).order(ByteOrder.LITTLE_ENDIAN);
        tail.putInt(5).putInt(0).putInt(length).putInt(0).putInt(0).putInt(0);
        tail.position(24 + padding).putLong(length).putShort((short) 1).put((byte) 1);
        return tail.put("KVSDM".getBytes(StandardCharsets.US_ASCII)).array();
    }

    static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
