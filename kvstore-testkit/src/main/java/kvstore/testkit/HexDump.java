package kvstore.testkit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Files that are mostly zeros, as text that can be looked at and checked in: the size, then rows of 32 bytes in hexadecimal,
 * each behind its offset. Rows of zeros are left out.
 */
public final class HexDump {
    private static final HexFormat HEX = HexFormat.of();
    private static final int ROW_BYTES = 32;
    private static final int OFFSET_DIGITS = 8;

    private HexDump() {}

    /** The text of a file. */
    public static String of(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        StringBuilder text = new StringBuilder("%08x size%n".formatted(bytes.length));
        for (int at = 0; at < bytes.length; at += ROW_BYTES) {
            byte[] row = Arrays.copyOfRange(bytes, at, at + ROW_BYTES);
            if (!Arrays.equals(row, new byte[ROW_BYTES])) {
                text.append("%08x %s%n".formatted(at, HEX.formatHex(row)));
            }
        }
        return text.toString();
    }

    /** Writes the file of a text, anew. */
    public static void restore(String dump, Path file) throws IOException {
        List<String> lines = dump.lines().toList();
        Files.deleteIfExists(file);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.setLength(offset(lines.getFirst()));
            for (String line : lines.subList(1, lines.size())) {
                bytes.seek(offset(line));
                bytes.write(HEX.parseHex(line.substring(OFFSET_DIGITS + 1)));
            }
        }
    }

    private static int offset(String line) {
        return HexFormat.fromHexDigits(line, 0, OFFSET_DIGITS);
    }
}
