package kvstore.bench;

import java.nio.file.Path;
import java.util.Map;
import kvstore.client.cli.Json;

/** What LMCache 0.5.6 takes after {@code --l2-adapter}. */
public final class LmcacheAdapter {
    private LmcacheAdapter() {}

    /** This project's adapter, from the Python package {@code kvstore_lmcache}. */
    public static String kvstore(String target) {
        return Json.write(Json.object(
                "type", "native_plugin",
                "module_path", "kvstore_lmcache",
                "class_name", "KvStoreClient",
                "adapter_params", Map.of("target", target)));
    }

    /** LMCache's own client of Redis, in C++: one connection for each of its threads. */
    public static String resp(String host, int port, int threads) {
        return Json.write(Json.object("type", "resp", "host", host, "port", port, "num_workers", threads));
    }

    /** LMCache's own: a file a chunk, written by its C++ threads past the page cache. */
    public static String fsNative(Path directory, int threads) {
        return Json.write(Json.object(
                "type", "fs_native", "base_path", directory.toString(), "use_odirect", true, "num_workers", threads));
    }
}
