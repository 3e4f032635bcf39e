package kvstore.server.admin;

import com.google.protobuf.Message;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import kvstore.api.ChunkKey;
import kvstore.client.cli.Json;
import kvstore.server.view.DaemonView;

/** What the page asks: the messages of the admin service that only look, as JSON with the contract's names. */
final class Api {
    static final String PREFIX = "/api/";

    private static final int SEGMENT_GROUPS = 60;

    private final DaemonView view;

    Api(DaemonView view) {
        this.view = view;
    }

    Answer answer(URI uri) {
        try {
            return switch (uri.getPath().substring(PREFIX.length())) {
                case "stat" -> json(view.stat());
                case "history" -> json(view.history(after(uri)));
                case "segments" -> json(view.segments(SEGMENT_GROUPS));
                case "contents" -> json(view.contents());
                case "explain" -> json(view.explain(key(uri)));
                default -> Answer.error(404, "There are stat, history, segments, contents and explain.");
            };
        } catch (IllegalArgumentException e) {
            return Answer.error(400, String.valueOf(e.getMessage()));
        }
    }

    private static Answer json(Message message) {
        return Answer.json(200, Json.of(message));
    }

    private static long after(URI uri) {
        String text = parameter(uri, "after").orElse("0");
        try {
            return Math.max(0, Long.parseLong(text));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("after is no number of milliseconds", e);
        }
    }

    private static ChunkKey key(URI uri) {
        return ChunkKey.parse(parameter(uri, "key").orElse(""));
    }

    private static Optional<String> parameter(URI uri, String name) {
        String query = uri.getRawQuery();
        return Arrays.stream(query == null ? new String[0] : query.split("&"))
                .filter(pair -> pair.startsWith(name + "="))
                .map(pair -> URLDecoder.decode(pair.substring(name.length() + 1), StandardCharsets.UTF_8))
                .findFirst();
    }
}
