package kvstore.lustre;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** What Lustre's client tells anybody under {@code /sys/fs/lustre}; the same places from 2.14 to 2.17. */
final class LustreClient {
    private final Path root;

    LustreClient(Path root) {
        this.root = root;
    }

    static LustreClient ofThisMachine() {
        return new LustreClient(Path.of("/sys/fs/lustre"));
    }

    /** Such as {@code 2.15.8}, or empty where it is not told. */
    Optional<String> version() {
        return text(root.resolve("version"));
    }

    /**
     * The smallest value of a parameter, over all servers that the client talks to; empty where it is not told.
     *
     * @param kind of the client's part, such as {@code osc}
     * @param parameter such as {@code max_rpcs_in_flight}
     */
    OptionalLong smallest(String kind, String parameter) {
        OptionalLong smallest = OptionalLong.empty();
        try (DirectoryStream<Path> servers = Files.newDirectoryStream(root.resolve(kind))) {
            for (Path server : servers) {
                OptionalLong value = number(server.resolve(parameter));
                if (value.isPresent() && (smallest.isEmpty() || value.getAsLong() < smallest.getAsLong())) {
                    smallest = value;
                }
            }
        } catch (IOException | DirectoryIteratorException _) {
            return OptionalLong.empty(); // a parameter that cannot be read is one that nothing can be said about
        }
        return smallest;
    }

    private static OptionalLong number(Path file) {
        Optional<String> text = text(file);
        try {
            return text.isPresent() ? OptionalLong.of(Long.parseLong(text.get())) : OptionalLong.empty();
        } catch (NumberFormatException _) {
            return OptionalLong.empty();
        }
    }

    private static Optional<String> text(Path file) {
        try {
            return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
        } catch (IOException _) {
            return Optional.empty();
        }
    }
}
