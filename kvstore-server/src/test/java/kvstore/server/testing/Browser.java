package kvstore.server.testing;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/**
 * One tab of a headless Chromium, led over its DevTools protocol. It ends with this, whatever happens in it, and nothing it
 * does takes longer than {@link #LIMIT}.
 */
public final class Browser implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final List<String> FLAGS = List.of(
            "--headless",
            "--no-sandbox", // CI runs as root in a container
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--remote-debugging-port=0");

    private final Process process;
    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicInteger lastId = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonObject>> waiting = new ConcurrentHashMap<>();
    private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());
    private final WebSocket socket;

    private Browser(Process process, String page) {
        this.process = process;
        this.socket = http.newWebSocketBuilder()
                .buildAsync(URI.create(page), new Messages())
                .orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    /**
     * Starts one.
     *
     * @param scratch an empty directory for what it wants to keep
     */
    public static Browser start(Path chromium, Path scratch) throws IOException {
        List<String> command = new ArrayList<>(List.of(chromium.toString()));
        command.addAll(FLAGS);
        command.add("--user-data-dir=" + scratch);
        command.add("about:blank");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Browser browser = null;
        try {
            browser = new Browser(process, page(scratch));
            browser.call("Page.enable");
            browser.call("Runtime.enable");
            browser.call("Log.enable");
            return browser;
        } finally {
            if (browser == null) {
                kill(process);
            }
        }
    }

    /** The address of its first tab, once it says so. */
    private static String page(Path scratch) {
        Path file = scratch.resolve("DevToolsActivePort");
        return Awaitility.await()
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(
                        () -> {
                            String port = Files.readAllLines(file).getFirst();
                            URI list = URI.create("http://127.0.0.1:" + port + "/json/list");
                            try (HttpClient client = HttpClient.newHttpClient()) {
                                String body = client.send(
                                                HttpRequest.newBuilder(list).build(),
                                                HttpResponse.BodyHandlers.ofString())
                                        .body();
                                return JsonParser.parseString(body).getAsJsonArray().asList().stream()
                                        .map(target -> target.getAsJsonObject())
                                        .filter(target ->
                                                target.get("type").getAsString().equals("page"))
                                        .map(target -> target.get("webSocketDebuggerUrl")
                                                .getAsString())
                                        .findFirst()
                                        .orElse("");
                            }
                        },
                        url -> !url.isEmpty());
    }

    /** How large the tab is, in CSS pixels, and whether the system is dark. */
    public void look(int width, int height, boolean phone, boolean dark) {
        JsonObject metrics = new JsonObject();
        metrics.addProperty("width", width);
        metrics.addProperty("height", height);
        metrics.addProperty("deviceScaleFactor", 1);
        metrics.addProperty("mobile", phone);
        call("Emulation.setDeviceMetricsOverride", metrics);
        call(
                "Emulation.setEmulatedMedia",
                JsonParser.parseString("{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"%s\"}]}"
                                .formatted(dark ? "dark" : "light"))
                        .getAsJsonObject());
    }

    /** Goes there, and returns when the document is loaded. */
    public void open(String url) {
        JsonObject to = new JsonObject();
        to.addProperty("url", "about:blank");
        call("Page.navigate", to);
        to.addProperty("url", url);
        call("Page.navigate", to);
        until("location.href.startsWith('http') && document.readyState === 'complete'");
    }

    /** Waits until this is true in the page. */
    public void until(String condition) {
        Awaitility.await(condition)
                .atMost(LIMIT)
                .until(() -> evaluate("Boolean(" + condition + ")").equals("true"));
    }

    /** What an expression is in the page, as text. */
    public String evaluate(String expression) {
        JsonObject what = new JsonObject();
        what.addProperty("expression", "String(" + expression + ")");
        what.addProperty("awaitPromise", true);
        return call("Runtime.evaluate", what)
                .getAsJsonObject("result")
                .get("value")
                .getAsString();
    }

    /** The whole page as it is painted, as PNG. */
    public byte[] screenshot() {
        JsonObject how = new JsonObject();
        how.addProperty("format", "png");
        how.addProperty("captureBeyondViewport", true);
        return Base64.getDecoder()
                .decode(call("Page.captureScreenshot", how).get("data").getAsString());
    }

    /** Errors and refusals that the page caused, such as of its Content-Security-Policy. */
    public List<String> complaints() {
        return List.copyOf(complaints);
    }

    private JsonObject call(String method) {
        return call(method, new JsonObject());
    }

    private JsonObject call(String method, JsonObject parameters) {
        int id = lastId.incrementAndGet();
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        JsonObject message = new JsonObject();
        message.addProperty("id", id);
        message.addProperty("method", method);
        message.add("params", parameters);
        socket.sendText(message.toString(), true).join();
        JsonObject result =
                answer.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
        if (!result.has("result")) {
            throw new AssertionError(method + ": " + result);
        }
        return result.getAsJsonObject("result");
    }

    private final class Messages implements WebSocket.Listener {
        private final StringBuilder parts = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            parts.append(data);
            if (last) {
                take(JsonParser.parseString(parts.toString()).getAsJsonObject());
                parts.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }

        private void take(JsonObject message) {
            if (message.has("id")) {
                CompletableFuture<JsonObject> answer =
                        waiting.remove(message.get("id").getAsInt());
                if (answer != null) {
                    answer.complete(message);
                }
                return;
            }
            String method = message.get("method").getAsString();
            boolean logged =
                    method.equals("Log.entryAdded") && message.toString().contains("\"level\":\"error\"");
            if (logged || method.equals("Runtime.exceptionThrown") || method.equals("Page.javascriptDialogOpening")) {
                complaints.add(message.toString());
            }
        }
    }

    @Override
    public void close() {
        socket.abort();
        http.shutdownNow();
        kill(process);
    }

    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
    }
}
