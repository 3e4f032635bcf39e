package kvstore.client.lmcache;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Goes through a tree, one file after the other, however many there are. Follows no symbolic link. */
public final class TreeWalk {
    /** Deeper than any format goes, so that what is misplaced is named, and what is endless ends. */
    private static final int MAX_DEPTH = 8;

    private TreeWalk() {}

    /** What is done with each file. Temporary and companion files are not shown. */
    public interface Visitor {
        /** A regular file. What it throws ends the walk. */
        void file(Path file, BasicFileAttributes attributes) throws IOException;

        /** Something that is none, or cannot be looked at. */
        void unusable(Path path, UnusableException why);
    }

    /**
     * Shows every file once, in no order.
     *
     * @param root without links
     * @throws IOException if the root cannot be read, or the visitor threw it
     */
    public static void walk(Path root, Visitor visitor) throws IOException {
        Files.walkFileTree(root, Set.of(), MAX_DEPTH, new FileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (attributes.isSymbolicLink()) {
                    visitor.unusable(file, new UnusableException(SkipReason.SYMBOLIC_LINK, "not followed"));
                } else if (attributes.isDirectory()) {
                    visitor.unusable(file, new UnusableException(SkipReason.MISPLACED, "too deep"));
                } else if (!attributes.isRegularFile()) {
                    visitor.unusable(file, new UnusableException(SkipReason.NOT_A_FILE, "a pipe, socket or device"));
                } else if (!TreeNames.isIgnored(file.getFileName().toString())) {
                    visitor.file(file, attributes);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (file.equals(root)) {
                    throw failure;
                }
                visitor.unusable(file, TreeReader.unreadable(failure));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                if (failure != null) {
                    visitFileFailed(directory, failure);
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
