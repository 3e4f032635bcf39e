package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import kvstore.v1.ListRequest;
import kvstore.v1.ListResponse;

/**
 * The segment files of the node {@code test}, as {@code docs/reference/on-disk-format.md} describes them, for tests that
 * break them from outside.
 */
record SegmentFiles(Path poolDirectory) {
    static final int BLOCK_BYTES = 64 * 1024;

    private static final byte[] RECORD_MAGIC = "KVRECORD".getBytes(StandardCharsets.US_ASCII);

    /** In a trailer: the first block of the index area. */
    private static final int TRAILER_INDEX_BLOCK = 32;

    /** In a record header: what comes before the key. */
    private static final int KEY_OFFSET = 80;

    /** Oldest first. */
    List<Path> all() {
        try (Stream<Path> files = Files.list(poolDirectory.resolve("nodes/test"))) {
            return files.filter(file -> file.toString().endsWith(".seg"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path file(long segment) {
        return poolDirectory.resolve("nodes/test").resolve("%016x.seg".formatted(segment));
    }

    /** What the node's directory takes, files that were set aside among it, but not its few small files. */
    long bytesOnDisk() {
        try (Stream<Path> files = Files.walk(poolDirectory.resolve("nodes/test"))) {
            return files.filter(file -> file.toString().endsWith(".seg"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In which segment each key lies. */
    static Map<String, Long> byKey(GeneratedStubs stubs) {
        Map<String, Long> segments = new HashMap<>();
        String token = "";
        do {
            ListResponse page = stubs.admin()
                    .list(ListRequest.newBuilder().setPageToken(token).build());
            page.getChunksList().forEach(chunk -> segments.put(chunk.getKey().toStringUtf8(), chunk.getSegment()));
            token = page.getNextPageToken();
        } while (!token.isEmpty());
        return segments;
    }

    /** Where the record of a key begins in a file. */
    static long recordOffset(Path file, String key) {
        byte[] head = new byte[KEY_OFFSET + key.length()];
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            for (long at = BLOCK_BYTES; at < in.length(); at += BLOCK_BYTES) {
                in.seek(at);
                in.readFully(head);
                if (Arrays.equals(head, 0, RECORD_MAGIC.length, RECORD_MAGIC, 0, RECORD_MAGIC.length)
                        && ByteString.copyFrom(head)
                                .substring(KEY_OFFSET)
                                .toStringUtf8()
                                .equals(key)) {
                    return at;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new AssertionError(file + " has no record of " + key);
    }

    /** Where the index area of a sealed segment begins. */
    static long indexOffset(Path file) {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            byte[] trailer = new byte[BLOCK_BYTES];
            in.seek(in.length() - BLOCK_BYTES);
            in.readFully(trailer);
            assertThat(new String(trailer, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("KVTRAILR");
            return (long) ByteBuffer.wrap(trailer).getInt(TRAILER_INDEX_BLOCK) * BLOCK_BYTES;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Turns one bit around. */
    static void flip(Path file, long offset) {
        try (RandomAccessFile both = new RandomAccessFile(file.toFile(), "rw")) {
            both.seek(offset);
            int before = both.read();
            both.seek(offset);
            both.write(before ^ 0x10);
            both.getFD().sync();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void truncate(Path file, long length) {
        try (RandomAccessFile both = new RandomAccessFile(file.toFile(), "rw")) {
            both.setLength(length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
