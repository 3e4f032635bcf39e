package kvstore.server.metrics;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import kvstore.v1.AdminGrpc;
import kvstore.v1.KvStoreGrpc;

/** The calls that are counted by name. */
public enum Rpc {
    HELLO(KvStoreGrpc.SERVICE_NAME, "Hello"),
    LOOKUP(KvStoreGrpc.SERVICE_NAME, "Lookup"),
    PUT(KvStoreGrpc.SERVICE_NAME, "Put"),
    GET(KvStoreGrpc.SERVICE_NAME, "Get"),
    REGISTER_REGION(KvStoreGrpc.SERVICE_NAME, "RegisterRegion"),
    STORE_FROM(KvStoreGrpc.SERVICE_NAME, "StoreFrom"),
    LOAD_INTO(KvStoreGrpc.SERVICE_NAME, "LoadInto"),
    DELETE(KvStoreGrpc.SERVICE_NAME, "Delete"),
    RELEASE(KvStoreGrpc.SERVICE_NAME, "Release"),
    MATCH_PREFIX(KvStoreGrpc.SERVICE_NAME, "MatchPrefix"),
    STAT(AdminGrpc.SERVICE_NAME, "Stat"),
    LIST(AdminGrpc.SERVICE_NAME, "List"),
    EXPLAIN(AdminGrpc.SERVICE_NAME, "Explain"),
    SCRUB(AdminGrpc.SERVICE_NAME, "Scrub"),
    CLEAR(AdminGrpc.SERVICE_NAME, "Clear"),
    DRAIN(AdminGrpc.SERVICE_NAME, "Drain"),
    LOG_LEVEL(AdminGrpc.SERVICE_NAME, "LogLevel"),
    HISTORY(AdminGrpc.SERVICE_NAME, "History"),
    SEGMENTS(AdminGrpc.SERVICE_NAME, "Segments"),
    CONTENTS(AdminGrpc.SERVICE_NAME, "Contents"),
    DIAGNOSE(AdminGrpc.SERVICE_NAME, "Diagnose"),
    /** Health, reflection and whatever a client makes up: one label value for all, because clients choose these names. */
    OTHER("", "");

    private static final Map<String, Rpc> BY_METHOD =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(rpc -> rpc.method, rpc -> rpc));

    private final String method;

    Rpc(String service, String method) {
        this.method = service + "/" + method;
    }

    /** The call that gRPC names so, such as {@code kvstore.v1.KvStore/Put}. */
    public static Rpc of(String fullMethodName) {
        return BY_METHOD.getOrDefault(fullMethodName, OTHER);
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
