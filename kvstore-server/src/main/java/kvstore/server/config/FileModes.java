package kvstore.server.config;

import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.regex.Pattern;

/** File modes in octal: {@code 0660}. */
final class FileModes {
    private static final Pattern MODE = Pattern.compile("0?[0-7]{3}");
    private static final int BITS = 9;

    private FileModes() {}

    /**
     * Reads a mode.
     *
     * @throws IllegalArgumentException if it is none
     */
    static Set<PosixFilePermission> parse(String text) {
        if (!MODE.matcher(text).matches()) {
            throw new IllegalArgumentException("is not a file mode such as 0660");
        }
        int mode = Integer.parseInt(text, 8);
        StringBuilder symbols = new StringBuilder(BITS);
        for (int bit = BITS - 1; bit >= 0; bit--) {
            symbols.append((mode & 1 << bit) == 0 ? '-' : "xwr".charAt(bit % 3));
        }
        return Set.copyOf(PosixFilePermissions.fromString(symbols.toString()));
    }

    static String format(Set<PosixFilePermission> permissions) {
        String symbols = PosixFilePermissions.toString(permissions);
        int mode = 0;
        for (int i = 0; i < BITS; i++) {
            mode = mode << 1 | (symbols.charAt(i) == '-' ? 0 : 1);
        }
        return "0" + Integer.toOctalString(mode + 01000).substring(1);
    }
}
