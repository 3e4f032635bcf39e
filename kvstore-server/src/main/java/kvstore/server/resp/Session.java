package kvstore.server.resp;

/** What a client told of itself. Used by its event loop. */
final class Session {
    /** Number of the connection, as CLIENT ID says it. */
    final long id;

    /** Who puts and asks, for the store: all clients of one machine count as one, see {@code docs/reference/resp.md}. */
    final String clientId;

    /** As CLIENT SETNAME set it. */
    String name = "";

    Session(long id, String clientId) {
        this.id = id;
        this.clientId = clientId;
    }
}
