package kvstore.api;

/**
 * What {@code statfs} says of a directory.
 *
 * @param type the file system's name, such as {@code lustre}, {@code ext4}, {@code xfs}, {@code tmpfs}, or {@code 0x...}
 * @param totalBytes its size
 * @param availableBytes what an unprivileged writer may still use
 */
public record FileSystemFacts(String type, long totalBytes, long availableBytes) {}
