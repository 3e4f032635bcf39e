package kvstore.dist;

/**
 * The processor that a package is for, by the names that are in use. It is that of the machine that builds: the runtime is
 * linked from its JDK.
 *
 * @param debian dpkg's name, and OCI's
 * @param kernel that of {@code uname -m}, and rpm's
 */
record Machine(String debian, String kernel) {
    /** The one of this machine. */
    static Machine current() {
        String name = System.getProperty("os.arch");
        return switch (name) {
            case "amd64", "x86_64" -> new Machine("amd64", "x86_64");
            case "aarch64" -> new Machine("arm64", "aarch64");
            default -> throw new IllegalStateException("no packages are made for " + name);
        };
    }
}
