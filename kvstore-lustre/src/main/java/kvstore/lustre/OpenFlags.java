package kvstore.lustre;

/**
 * The flags of {@code open(2)}. Source: Linux {@code include/uapi/asm-generic/fcntl.h} and the {@code fcntl.h} of the
 * architectures that differ.
 */
final class OpenFlags {
    static final int READ_WRITE = 02;
    static final int CREATE = 0100;
    static final int EXCLUSIVE = 0200;
    static final int APPEND = 02000;
    static final int CLOSE_ON_EXEC = 02000000;

    /** {@code O_TMPFILE} without the {@code O_DIRECTORY} that goes with it, a number of each architecture. */
    static final int TEMPORARY = 020000000;

    /** Of {@code renameat2(2)}: fail if the new name is taken. */
    static final int RENAME_NOREPLACE = 1;

    private OpenFlags() {}

    /**
     * {@code O_DIRECT} of this machine.
     *
     * @throws UnsupportedOperationException on an architecture whose number is not known here
     */
    static int direct() {
        return direct(System.getProperty("os.arch"));
    }

    /** As {@link #direct()}, for an {@code os.arch}. A wrong guess would be another flag, such as O_DIRECTORY. */
    static int direct(String architecture) {
        return switch (architecture) {
            case "amd64", "riscv64" -> 040000;
            case "aarch64" -> 0200000;
            case "ppc64le" -> 0400000;
            default ->
                throw new UnsupportedOperationException("the value of O_DIRECT is not known for os.arch=" + architecture
                        + "; known are amd64, aarch64, ppc64le and riscv64");
        };
    }
}
