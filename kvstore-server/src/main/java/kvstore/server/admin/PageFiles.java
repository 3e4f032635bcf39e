package kvstore.server.admin;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The files of the page, out of the jar, as they are. */
final class PageFiles {
    private static final Map<String, String> TYPES = Map.of(
            "index.html", "text/html; charset=utf-8",
            "page.css", "text/css; charset=utf-8",
            "page.js", "text/javascript; charset=utf-8",
            "charts.js", "text/javascript; charset=utf-8",
            "format.js", "text/javascript; charset=utf-8",
            "icon.svg", "image/svg+xml");

    private final Map<String, Answer> byPath = new HashMap<>();

    PageFiles() throws IOException {
        for (Map.Entry<String, String> file : TYPES.entrySet()) {
            byPath.put("/" + file.getKey(), read(file.getKey(), file.getValue()));
        }
        byPath.put("/", byPath.get("/index.html"));
    }

    private static Answer read(String name, String type) throws IOException {
        try (InputStream in = PageFiles.class.getResourceAsStream("page/" + name)) {
            if (in == null) {
                throw new IOException("the page's " + name + " is missing in this program");
            }
            return new Answer(200, type, ByteString.readFrom(in), Map.of("Cache-Control", "no-cache"));
        }
    }

    Optional<Answer> find(String path) {
        return Optional.ofNullable(byPath.get(path));
    }
}
