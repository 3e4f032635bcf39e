package kvstore.server.resp;

import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import java.util.List;
import kvstore.server.identity.Caller;

/** What a client told of itself. Used by its event loop, and by the one command that is on a thread of its own. */
final class Session {
    /** Number of the connection, as CLIENT ID says it. */
    final long id;

    /** Who puts and asks, for the store: all clients of one machine count as one, see {@code docs/reference/resp.md}. */
    final String clientId;

    /** As AUTH proved it. */
    private Caller caller = Caller.ANONYMOUS;

    /** 2 or 3, as HELLO chose. */
    private int protocol = 2;

    /** As CLIENT SETNAME set it. */
    String name = "";

    Session(long id, String clientId) {
        this.id = id;
        this.clientId = clientId;
    }

    Caller caller() {
        return caller;
    }

    void caller(Caller proven) {
        caller = proven;
    }

    int protocol() {
        return protocol;
    }

    void protocol(int version) {
        protocol = version;
    }

    /** No value. */
    Object nil() {
        return protocol == 2 ? FullBulkStringRedisMessage.NULL_INSTANCE : Resp3.nil();
    }

    /**
     * Keys and values.
     *
     * @param keysAndValues strings, integers and empty lists, key and value in turn
     */
    Object map(List<Object> keysAndValues) {
        return protocol == 2 ? Reply.arrayOf(keysAndValues) : Resp3.map(keysAndValues);
    }
}
