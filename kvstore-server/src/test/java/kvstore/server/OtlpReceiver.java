package kvstore.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;

/**
 * A receiver of OTLP over HTTP that knows of the protocol only field numbers
 * (<a href="https://github.com/open-telemetry/opentelemetry-proto">opentelemetry/proto/trace/v1/trace.proto</a>).
 */
final class OtlpReceiver implements AutoCloseable {
    private final HttpServer server;
    private final List<Span> spans = new CopyOnWriteArrayList<>();

    /** One span. Identities are hexadecimal digits; the parent's is empty for none. */
    record Span(String trace, String id, String parent, String name, long startNanos, long endNanos) {}

    private OtlpReceiver(HttpServer server) {
        this.server = server;
    }

    static OtlpReceiver start() throws IOException {
        OtlpReceiver receiver =
                new OtlpReceiver(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        receiver.server.createContext("/v1/traces", receiver::receive);
        receiver.server.start();
        return receiver;
    }

    String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1/traces";
    }

    List<Span> spans() {
        return spans;
    }

    private void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean zipped = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
            InputStream body = exchange.getRequestBody();
            UnknownFieldSet request = UnknownFieldSet.parseFrom(zipped ? new GZIPInputStream(body) : body);
            for (UnknownFieldSet resource : messages(request, 1)) {
                for (UnknownFieldSet scope : messages(resource, 2)) {
                    messages(scope, 2).forEach(span -> spans.add(read(span)));
                }
            }
            exchange.getResponseHeaders().set("Content-Type", "application/x-protobuf");
            exchange.sendResponseHeaders(200, -1);
        }
    }

    private static Span read(UnknownFieldSet span) {
        return new Span(
                hex(span, 1),
                hex(span, 2),
                hex(span, 4),
                span.getField(5).getLengthDelimitedList().getFirst().toStringUtf8(),
                span.getField(7).getFixed64List().getFirst(),
                span.getField(8).getFixed64List().getFirst());
    }

    private static String hex(UnknownFieldSet message, int field) {
        List<ByteString> bytes = message.getField(field).getLengthDelimitedList();
        return bytes.isEmpty() ? "" : HexFormat.of().formatHex(bytes.getFirst().toByteArray());
    }

    private static List<UnknownFieldSet> messages(UnknownFieldSet message, int field) throws IOException {
        List<UnknownFieldSet> messages = new ArrayList<>();
        for (ByteString bytes : message.getField(field).getLengthDelimitedList()) {
            messages.add(UnknownFieldSet.parseFrom(bytes));
        }
        return messages;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
