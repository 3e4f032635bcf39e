package kvstore.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32C;

/**
 * A small text file for people and programs: a title, lines of {@code key=value}, and last a line with the CRC32C of all
 * before it.
 *
 * @param title first line
 */
record MarkerFile(String title, SequencedMap<String, String> values) {
    /** The version of pool and node directory that this release writes, and the only one it reads. */
    static final String FORMAT = "1";

    private static final String CHECKSUM = "crc32c=";

    static MarkerFile of(String title) {
        MarkerFile marker = new MarkerFile(title, new LinkedHashMap<>());
        return marker.with("format", FORMAT);
    }

    MarkerFile with(String key, String value) {
        values.put(key, value);
        return this;
    }

    String encode() {
        StringBuilder text = new StringBuilder(title).append('\n');
        for (Map.Entry<String, String> value : values.entrySet()) {
            text.append(value.getKey()).append('=').append(value.getValue()).append('\n');
        }
        return text + CHECKSUM + crc(text.toString()) + "\n";
    }

    /** Writes the file and waits until it is on disk. */
    void write(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(encode().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    /**
     * Reads a file.
     *
     * @param keys that it must have
     * @throws StoreException if it is not what {@link #write} wrote, or of another version; says what helps
     */
    static MarkerFile read(Path file, String title, String... keys) throws StoreException {
        String text;
        try {
            // One byte, one character: damage must not become an exception of the decoder.
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new StoreException("cannot read " + file + ": " + e, e);
        }
        int end = text.lastIndexOf(CHECKSUM);
        if (end < 0 || !text.substring(end).equals(CHECKSUM + crc(text.substring(0, end)) + "\n")) {
            throw new StoreException(file + " is damaged: its checksum is wrong. Put it back from a copy; or move "
                    + file.getParent() + " away and start with an empty cache");
        }
        String[] lines = text.substring(0, end).split("\n", -1);
        MarkerFile marker = new MarkerFile(lines[0], new LinkedHashMap<>());
        for (String line : lines) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                marker.with(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        String format = marker.values.get("format");
        if (!lines[0].equals(title) || !FORMAT.equals(format)) {
            throw new StoreException(file + " says '" + lines[0] + "', format " + format + "; this release knows '"
                    + title + "', format " + FORMAT
                    + ". Run the release that wrote it, or use another, empty directory");
        }
        for (String key : keys) {
            if (!marker.values.containsKey(key)) {
                throw new StoreException(file + " has no line '" + key + "=...': it was not written by kvstore");
            }
        }
        return marker;
    }

    private static String crc(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.ISO_8859_1));
        return "%08x".formatted(crc.getValue());
    }
}
