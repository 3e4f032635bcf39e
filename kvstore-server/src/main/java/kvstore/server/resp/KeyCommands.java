package kvstore.server.resp;

import io.netty.handler.codec.redis.RedisMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.RespOutcome;
import kvstore.store.ChunkStore;
import kvstore.store.ListPage;
import kvstore.store.LookupResult;

/** Commands about keys that move no value. */
final class KeyCommands {
    private static final int SCAN_COUNT = 10;
    private static final int SCAN_COUNT_MAX = 1000;

    private final RespServices services;
    private final ChunkStore store;

    KeyCommands(RespServices services) {
        this.services = services;
        this.store = services.transfers().store();
    }

    /** How many of the keys are here; what is found gets a lease. A key that is named twice counts twice. */
    Reply exists(List<Argument> arguments, Tenant tenant, String clientId) {
        long start = System.nanoTime();
        List<ChunkKey> keys = visible(tenant, arguments.subList(1, arguments.size()));
        int found = 0;
        if (!keys.isEmpty()) {
            LookupResult result = store.lookup(
                    keys, clientId, services.config().leaseDuration().toMillis());
            found = result.found().cardinality();
            services.transfers().metrics().lookup(keys.size(), found, result.leadingHits(), System.nanoTime() - start);
        }
        return new Reply(Reply.integer(found), found > 0 ? RespOutcome.HIT : RespOutcome.MISS);
    }

    /** Length of the value, 0 if there is none. */
    Reply strlen(List<Argument> arguments, Tenant tenant) {
        return Reply.ok(Reply.integer(length(tenant, arguments.get(1))));
    }

    /** Seconds to the key's end; -1 without an end, -2 without a key. */
    Reply ttl(List<Argument> arguments, Tenant tenant) {
        if (length(tenant, arguments.get(1)) == 0) {
            return Reply.ok(Reply.integer(-2));
        }
        long millis = services.expiries()
                .millisLeft(Objects.requireNonNull(arguments.get(1).key(tenant)));
        return Reply.ok(Reply.integer(millis < 0 ? -1 : (millis + 500) / 1000));
    }

    private long length(Tenant tenant, Argument name) {
        List<ChunkKey> keys = visible(tenant, List.of(name));
        return keys.isEmpty() ? 0 : store.lookup(keys, "", 0).sizes()[0];
    }

    Reply dbsize(Tenant tenant) {
        if (!services.mayCountAll(tenant)) {
            return Reply.error("NOPERM DBSIZE counts the keys of all tenants");
        }
        return Reply.ok(Reply.integer(store.stats().chunks()));
    }

    /** Forgets keys. Blocks. */
    Reply delete(List<Argument> arguments, Tenant tenant) {
        List<ChunkKey> keys = visible(tenant, arguments.subList(1, arguments.size())).stream()
                .distinct()
                .toList();
        int deleted = keys.isEmpty() ? 0 : store.delete(keys).cardinality();
        keys.forEach(services.expiries()::clear);
        return Reply.ok(Reply.integer(deleted));
    }

    /** Lists keys. Blocks. The cursor is the store's own page token, as a number. */
    Reply scan(List<Argument> arguments, Tenant tenant) {
        String pattern = "*";
        int count = SCAN_COUNT;
        long cursor;
        try {
            cursor = Long.parseUnsignedLong(arguments.get(1).text());
        } catch (NumberFormatException _) {
            return Reply.error("ERR invalid cursor");
        }
        for (int i = 2; i < arguments.size(); i += 2) {
            if (i + 1 == arguments.size()) {
                return Reply.error("ERR syntax error");
            }
            String value = arguments.get(i + 1).text();
            switch (arguments.get(i).word()) {
                case "MATCH" -> pattern = value;
                case "COUNT" -> {
                    if (!value.matches("0*[1-9]\\d{0,8}")) {
                        return Reply.error("ERR value is not an integer or out of range");
                    }
                    count = Math.min(SCAN_COUNT_MAX, Integer.parseInt(value));
                }
                case "TYPE" -> {
                    if (!value.equalsIgnoreCase("string")) {
                        return Reply.ok(Reply.array(Reply.bulk("0"), Reply.array()));
                    }
                }
                default -> {
                    return Reply.error("ERR syntax error");
                }
            }
        }
        return page(tenant, cursor, count, new Glob(pattern));
    }

    private Reply page(Tenant tenant, long cursor, int count, Glob glob) {
        String token = cursor == 0 ? "" : HexFormat.of().toHexDigits(cursor);
        ListPage page = store.list(count, token, glob.prefix().getBytes(StandardCharsets.ISO_8859_1));
        List<RedisMessage> keys = new ArrayList<>();
        for (ListPage.ListedChunk chunk : page.chunks()) {
            ChunkKey key = chunk.key();
            if (key.namespace().equals(tenant.namespace())
                    && !services.expiries().isOver(key)
                    && glob.matches(new String(key.bytes(), StandardCharsets.ISO_8859_1))) {
                keys.add(Reply.bulk(key.bytes()));
            }
        }
        String next = page.nextPageToken().isEmpty()
                ? "0"
                : Long.toUnsignedString(HexFormat.fromHexDigitsToLong(page.nextPageToken()));
        return Reply.ok(Reply.array(Reply.bulk(next), Reply.array(keys)));
    }

    /** The keys that can be here: possible ones whose time is not over. */
    private List<ChunkKey> visible(Tenant tenant, List<Argument> names) {
        List<ChunkKey> keys = new ArrayList<>();
        for (Argument name : names) {
            ChunkKey key = name.key(tenant);
            if (key != null && !services.expiries().isOver(key)) {
                keys.add(key);
            }
        }
        return keys;
    }
}
