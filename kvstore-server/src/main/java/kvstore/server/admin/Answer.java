package kvstore.server.admin;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import kvstore.client.cli.Json;

/**
 * An answer of the admin port.
 *
 * @param headers besides the type
 */
record Answer(int status, String contentType, ByteString body, Map<String, String> headers) {
    static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String JSON = "application/json; charset=utf-8";

    static Answer of(int status, String contentType, String body) {
        return new Answer(status, contentType, ByteString.copyFromUtf8(body), Map.of());
    }

    static Answer text(int status, String line) {
        return of(status, TEXT, line + "\n");
    }

    static Answer readiness(Optional<String> whyNot) {
        return whyNot.map(reason -> text(503, reason)).orElseGet(() -> text(200, "ok"));
    }

    /** @param value as for {@link Json#write} */
    static Answer json(int status, Object value) {
        return of(status, JSON, Json.write(value)).with("Cache-Control", "no-store");
    }

    /** What a program that asked for JSON is told instead. */
    static Answer error(int status, String line) {
        return json(status, Json.object("error", line));
    }

    Answer with(String header, String value) {
        return new Answer(status, contentType, body, Map.of(header, value));
    }

    void send(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", contentType);
        headers.forEach(exchange.getResponseHeaders()::set);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.size()));
            exchange.sendResponseHeaders(status, -1);
        } else {
            exchange.sendResponseHeaders(status, body.size());
            body.writeTo(exchange.getResponseBody());
        }
    }
}
