package kvstore.client.lmcache;

import java.math.BigInteger;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names of files, as LMCache 0.5.6 makes them. A name is only taken if the key that was read from it makes exactly this
 * name again, and if it lies where LMCache would look for it: a temporary directory may hold half-written files under
 * their final names.
 */
public final class TreeNames {
    static final String GDS_METADATA = ".metadata";

    private static final String GDS_DATA = ".kvcache.safetensors";
    private static final String GDS_DATA_WEKA = ".weka1";
    private static final String FS_DATA = ".data";
    private static final String NIXL_DATA = ".bin";
    private static final String FS_SLASH = "-SEP-";
    private static final String NIXL_SLASH = "--";
    private static final int MAX_NAME_BYTES = 255;
    private static final int SHARDED_DEPTH = 3;

    // of GdsBackend, nixl_store_dynamic, and the fs connectors, in this order
    private static final Pattern TEMPORARY = Pattern.compile(".*\\.tmp(?:[0-9a-f]{8}|\\.[0-9a-f]{32})?");
    private static final Pattern NIXL = Pattern.compile("(.+)_([0-9a-f]+)_([0-9a-f]+)_([0-9a-f]*)");
    // what hash() and the first 8 bytes of a digest give; longer ones are bytes, and LMCache names their directories b'
    private static final Pattern INT_HASH = Pattern.compile("-?(?:0|[1-9a-f][0-9a-f]{0,15})");

    /**
     * What a name says.
     *
     * @param format the tree it belongs to
     * @param key of the chunk inside
     */
    public record Named(TreeFormat format, CacheKey key) {}

    private TreeNames() {}

    /**
     * Whether a file is nothing by itself: it is being written, or was left so, or belongs to another.
     *
     * @param name the last part of its path
     */
    public static boolean isIgnored(String name) {
        return TEMPORARY.matcher(name).matches()
                || name.endsWith(GDS_DATA + GDS_METADATA)
                || name.endsWith(GDS_DATA_WEKA + GDS_METADATA);
    }

    /**
     * Reads a name.
     *
     * @param relative the path below the tree's root
     * @param forced the format it must have; null to find out
     */
    public static Named parse(Path relative, @Nullable TreeFormat forced) throws UnusableException {
        String name = relative.getFileName().toString();
        TreeFormat format = formatOf(name)
                .filter(found -> forced == null || found == forced)
                .orElseThrow(() -> new UnusableException(
                        SkipReason.UNKNOWN_NAME, forced == null ? "of no known format" : "not of format " + forced));
        if (Text.isOdd(name)) {
            throw odd("control characters, or no UTF-8");
        }
        CacheKey key = switch (format) {
            case GDS -> parseGds(name);
            case FS_NATIVE -> parseFsNative(stem(name, FS_DATA));
            case FS -> EngineKey.parse(slashes(stem(name, FS_DATA), FS_SLASH));
            case NIXL -> parseNixl(stem(name, NIXL_DATA));
        };
        if (!nameOf(format, key, name.endsWith(GDS_DATA_WEKA) ? GDS_DATA_WEKA : GDS_DATA)
                .equals(name)) {
            throw odd("another name than LMCache gives to " + StoreKeys.of(key));
        }
        requirePlace(relative, format, key);
        return new Named(format, key);
    }

    /**
     * The path of a chunk below the root of a tree.
     *
     * @param sharded for {@link TreeFormat#NIXL}: as with {@code shard_dirs}
     * @throws UnusableException with {@link SkipReason#NOT_NAMEABLE} if the format has none for this key
     */
    public static Path path(TreeFormat format, CacheKey key, boolean sharded) throws UnusableException {
        String name = nameOf(format, key, GDS_DATA);
        int longest = name.getBytes(StandardCharsets.UTF_8).length + (format == TreeFormat.GDS ? 9 : 0);
        if (longest > MAX_NAME_BYTES) {
            throw new UnusableException(
                    SkipReason.NOT_NAMEABLE, "its name would have more than %d bytes".formatted(MAX_NAME_BYTES));
        }
        String directories = "";
        if (format == TreeFormat.GDS) {
            directories = gdsDirectories(((EngineKey) key).hash());
        } else if (format == TreeFormat.NIXL && sharded) {
            directories = shards(((ObjectKey) key).hash());
        }
        Path path = Path.of(directories, name);
        try {
            // what cannot be read back is not written: a model with "--" in its name, for one
            if (parse(path, format).key().equals(key)) {
                return path;
            }
        } catch (UnusableException e) {
            throw new UnusableException(SkipReason.NOT_NAMEABLE, "%s: %s".formatted(format, e.getMessage()));
        }
        throw new UnusableException(SkipReason.NOT_NAMEABLE, "another key has the same name in " + format);
    }

    private static Optional<TreeFormat> formatOf(String name) {
        if (name.endsWith(GDS_DATA) || name.endsWith(GDS_DATA_WEKA)) {
            return Optional.of(TreeFormat.GDS);
        }
        if (name.endsWith(NIXL_DATA)) {
            return Optional.of(TreeFormat.NIXL);
        }
        if (name.endsWith(FS_DATA)) {
            // the second field is a rank such as 0x01000100, or a world size such as 1
            String[] fields = name.split("@", 3);
            return Optional.of(fields.length == 3 && fields[1].startsWith("0x") ? TreeFormat.FS_NATIVE : TreeFormat.FS);
        }
        return Optional.empty();
    }

    private static CacheKey parseGds(String name) throws UnusableException {
        String quoted = stem(name, name.endsWith(GDS_DATA) ? GDS_DATA : GDS_DATA_WEKA);
        try {
            return EngineKey.parse(URLDecoder.decode(quoted, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException _) {
            throw odd("percent signs without two digits");
        }
    }

    private static CacheKey parseFsNative(String stem) throws UnusableException {
        String[] fields = stem.split("@", -1);
        if (fields.length != 4 && fields.length != 5) {
            throw odd("%d fields, not model@rank@group@hash[@salt]".formatted(fields.length));
        }
        if (fields.length == 5 && fields[4].isEmpty()) {
            throw odd("an empty salt");
        }
        return ObjectKey.of(
                slashes(fields[0], FS_SLASH),
                fields[1].substring("0x".length()),
                fields[2],
                fields[3],
                fields.length == 5 ? fields[4] : "");
    }

    private static CacheKey parseNixl(String stem) throws UnusableException {
        int at = stem.indexOf('@');
        String salt = at < 0 ? "" : stem.substring(at + 1);
        Matcher matcher = NIXL.matcher(at < 0 ? stem : stem.substring(0, at));
        if (!matcher.matches() || at == stem.length() - 1) {
            throw odd("not model_rank_group_hash[@salt]");
        }
        if (matcher.group(1).contains(NIXL_SLASH + "-")) {
            throw odd("'---' may be a slash before or after a hyphen");
        }
        return ObjectKey.of(
                slashes(matcher.group(1), NIXL_SLASH), matcher.group(2), matcher.group(3), matcher.group(4), salt);
    }

    private static String nameOf(TreeFormat format, CacheKey key, String gdsSuffix) throws UnusableException {
        return switch (key) {
            case EngineKey engine when format == TreeFormat.GDS -> quote(engine.text()) + gdsSuffix;
            case EngineKey engine when format == TreeFormat.FS -> engine.text().replace("/", FS_SLASH) + FS_DATA;
            case ObjectKey object
            when format == TreeFormat.FS_NATIVE ->
                "%s@0x%s@%s@%s%s%s"
                        .formatted(
                                object.model().replace("/", FS_SLASH),
                                object.rankDigits(),
                                object.groupDigits(),
                                object.hash(),
                                object.salt().isEmpty() ? "" : "@" + object.salt(),
                                FS_DATA);
            case ObjectKey object
            when format == TreeFormat.NIXL ->
                "%s_%s_%s_%s%s%s"
                        .formatted(
                                object.model().replace("/", NIXL_SLASH),
                                object.rankDigits(),
                                object.groupDigits(),
                                object.hash(),
                                object.salt().isEmpty() ? "" : "@" + object.salt(),
                                NIXL_DATA);
            default ->
                throw new UnusableException(
                        SkipReason.NOT_NAMEABLE, "a key of LMCache's other mode than format %s".formatted(format));
        };
    }

    private static void requirePlace(Path relative, TreeFormat format, CacheKey key) throws UnusableException {
        int depth = relative.getNameCount();
        boolean right = switch (format) {
            case FS, FS_NATIVE -> depth == 1;
            case NIXL ->
                depth == 1
                        || (depth == SHARDED_DEPTH && relative.startsWith(Path.of(shards(((ObjectKey) key).hash()))));
            // by LMCache's scan at start, which takes any two directories with names of two characters
            case GDS ->
                depth == SHARDED_DEPTH
                        && relative.getName(0).toString().length() == 2
                        && relative.getName(1).toString().length() == 2;
        };
        if (!right) {
            throw new UnusableException(
                    SkipReason.MISPLACED, "LMCache's %s does not look for it there".formatted(format));
        }
    }

    private static String shards(String hash) {
        return hash.length() < 4 ? "-" : hash.substring(0, 2) + "/" + hash.substring(2, 4);
    }

    private static String gdsDirectories(String hash) throws UnusableException {
        // the decimal form, although the name has the hexadecimal one
        String decimal = INT_HASH.matcher(hash).matches() ? new BigInteger(hash, 16).toString() : "";
        if (decimal.length() < 4) {
            throw new UnusableException(
                    SkipReason.NOT_NAMEABLE, "hash %s is no 64-bit number of at least 4 digits".formatted(hash));
        }
        return decimal.substring(0, 2) + "/" + decimal.substring(2, 4);
    }

    /** As Python's {@code urllib.parse.quote(text, safe="")}. */
    private static String quote(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A")
                .replace("%7E", "~");
    }

    private static String stem(String name, String suffix) {
        return name.substring(0, name.length() - suffix.length());
    }

    private static String slashes(String text, String replacement) {
        return text.replace(replacement, "/");
    }

    private static UnusableException odd(String what) {
        return new UnusableException(SkipReason.ODD_NAME, what);
    }
}
