package kvstore.server.identity;

import java.util.regex.Pattern;
import kvstore.api.ChunkKey;

/** Whether a key has the cache salt that LMCache puts behind its hash: {@code model@kv_rank@group@hash@salt}. */
public final class CacheSalts {
    private static final Pattern SALTED = Pattern.compile("[^@]+@[0-9a-f]{8}@[0-9a-f]{1,8}@[0-9a-f]+@[^@]+");

    private CacheSalts() {}

    /** Keys of LMCache inside the engine have none. */
    public static boolean has(ChunkKey key) {
        return SALTED.matcher(key.toString()).matches();
    }
}
