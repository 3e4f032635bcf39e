package kvstore.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens all directories of a node. They must be of one pool; which one that is, those say that have a marker already.
 *
 * <p>With several, one that does not answer is left out. An empty one is taken for a new one only if the node did not have it
 * before: else it is the mount point of a file system that is not mounted.
 *
 * @param pool identity of the pool
 * @param open those that answer, by path, in the order of the configuration
 * @param absent the others, and why
 */
record NodeDirectories(UUID pool, List<Opened> open, List<Absent> absent) {
    private static final Logger LOG = LoggerFactory.getLogger(NodeDirectories.class);

    /** @param path the pool's directory, as configured */
    record Opened(Path path, NodeDirectory directory) {}

    /** @param path the pool's directory, as configured */
    record Absent(Path path, String reason) {}

    static NodeDirectories open(StoreConfig config, Environment environment) throws StoreException {
        List<Path> paths = config.directories();
        if (paths.size() == 1) {
            UUID pool = PoolDirectory.open(config.directory(), environment);
            NodeDirectory only = NodeDirectory.open(config.directory(), pool, config.node(), paths);
            return new NodeDirectories(pool, List.of(new Opened(config.directory(), only)), List.of());
        }
        return new Opener(config, environment).open(paths);
    }

    /** Tries one again that was absent; throws if it still is. */
    static Opened again(Path path, UUID pool, StoreConfig config) throws StoreException {
        UUID found = PoolDirectory.peek(path);
        if (found == null) {
            throw new StoreException(path + " has no marker POOL: is the file system mounted?");
        }
        if (!found.equals(pool)) {
            throw new StoreException(path + " is of pool " + found + ", not of pool " + pool);
        }
        return new Opened(path, NodeDirectory.open(path, pool, config.node(), config.directories()));
    }

    void close() {
        open.forEach(opened -> opened.directory().close());
    }

    private static final class Opener {
        private final StoreConfig config;
        private final Environment environment;
        private final Map<Path, String> absent = new HashMap<>();
        private final Set<String> known = new HashSet<>();
        private @Nullable UUID pool;
        private @Nullable Path poolFrom;

        Opener(StoreConfig config, Environment environment) {
            this.config = config;
            this.environment = environment;
        }

        NodeDirectories open(List<Path> paths) throws StoreException {
            List<Path> unmarked = new ArrayList<>();
            for (Path path : paths) {
                if (!look(path) && !absent.containsKey(path)) {
                    unmarked.add(path);
                }
            }
            for (Path path : unmarked) {
                join(path);
            }
            UUID identity = pool;
            List<Opened> opened = new ArrayList<>();
            boolean complete = false;
            try {
                for (Path path : paths) {
                    if (identity != null && !absent.containsKey(path)) {
                        openNode(path, identity, opened);
                    }
                }
                complete = !opened.isEmpty();
            } finally {
                if (!complete) {
                    opened.forEach(each -> each.directory().close());
                }
            }
            if (identity == null || opened.isEmpty()) {
                throw new StoreException("none of the directories can be used: " + absent);
            }
            absent.forEach((path, reason) -> LOG.warn("{} is set aside with its chunks: {}", path, reason));
            return new NodeDirectories(
                    identity,
                    opened,
                    absent.entrySet().stream()
                            .map(each -> new Absent(each.getKey(), each.getValue()))
                            .toList());
        }

        /** Whether there is a marker. */
        private boolean look(Path path) throws StoreException {
            try {
                UUID found = PoolDirectory.peek(path);
                if (found == null) {
                    return false;
                }
                if (pool != null && !found.equals(pool)) {
                    throw new StoreException(path + " is of pool " + found + ", and " + poolFrom + " of pool " + pool
                            + ": the directories of a node must be of one pool. Name the right one, or an empty one");
                }
                pool = found;
                poolFrom = path;
                known.addAll(NodeDirectory.together(path, config.node()));
                return true;
            } catch (StoreException e) {
                leaveOut(path, e);
                return false;
            }
        }

        /** Makes a directory one of the pool, if it is new. */
        private void join(Path path) throws StoreException {
            if (known.contains(path.toString())) {
                absent.put(path, "its marker POOL is gone: is the file system mounted?");
                return;
            }
            UUID identity = pool;
            pool = identity == null
                    ? PoolDirectory.open(path, environment)
                    : PoolDirectory.open(path, () -> identity, environment);
        }

        private void openNode(Path path, UUID identity, List<Opened> opened) throws StoreException {
            try {
                opened.add(new Opened(path, NodeDirectory.open(path, identity, config.node(), config.directories())));
            } catch (StoreException e) {
                leaveOut(path, e);
            }
        }

        /** What the file system refused may be right later; what is wrong will not. */
        private void leaveOut(Path path, StoreException e) throws StoreException {
            if (!(e.getCause() instanceof IOException)) {
                throw e;
            }
            absent.put(path, String.valueOf(e.getMessage()));
        }
    }
}
