package kvstore.server.monitoring;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import kvstore.testkit.Programs;
import org.awaitility.Awaitility;

/** A real Prometheus on loopback, with our rules, that scrapes one daemon. */
public final class PrometheusProcess implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(20);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);
    private static final int END_SECONDS = 10;
    private static final Pattern LISTENING =
            Pattern.compile("msg=\"Listening on\" address=127\\.0\\.0\\.1:([1-9]\\d*)");

    private final Process process;
    private final Path log;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(ANSWER_LIMIT).build();
    private URI address = URI.create("http://127.0.0.1");

    private PrometheusProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Starts it and returns when it answers; skips the test where there is none. */
    public static PrometheusProcess start(Path directory, InetSocketAddress daemon) throws IOException {
        Path program = Programs.require("prometheus", "prometheus");
        String rules = MonitoringFiles.ruleFiles().stream()
                .map(file -> "  - " + file + "\n")
                .collect(Collectors.joining());
        Path config = Files.writeString(directory.resolve("prometheus.yml"), """
                global:
                  scrape_interval: 1s
                  scrape_timeout: 1s
                  evaluation_interval: 500ms
                rule_files:
                %sscrape_configs:
                  - job_name: kvstore
                    static_configs:
                      - targets: ['127.0.0.1:%d']
                """.formatted(rules, daemon.getPort()));
        Path log = directory.resolve("prometheus.log");
        Process process = new ProcessBuilder(
                        program.toString(),
                        "--config.file=" + config,
                        "--storage.tsdb.path=" + directory.resolve("prometheus"),
                        "--web.listen-address=127.0.0.1:0")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        PrometheusProcess prometheus = new PrometheusProcess(process, log);
        boolean answers = false;
        try {
            prometheus.awaitPort();
            answers = true;
            return prometheus;
        } finally {
            if (!answers) {
                prometheus.close();
            }
        }
    }

    private void awaitPort() {
        Awaitility.await().atMost(START_LIMIT).until(() -> {
            if (!process.isAlive()) {
                throw new AssertionError("Prometheus ended:\n" + Files.readString(log));
            }
            Matcher listening = LISTENING.matcher(Files.readString(log));
            boolean found = listening.find();
            if (found) {
                address = URI.create("http://127.0.0.1:" + listening.group(1));
            }
            return found;
        });
    }

    /**
     * The values of all series that an expression has now.
     *
     * @throws AssertionError if Prometheus refuses it
     */
    public List<Double> query(String expression) {
        JsonArray result = ask("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
                .getAsJsonArray("result");
        List<Double> values = new ArrayList<>();
        for (JsonElement series : result) {
            String value =
                    series.getAsJsonObject().getAsJsonArray("value").get(1).getAsString();
            values.add(value.endsWith("Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(value));
        }
        return values;
    }

    /** Rules that could not be evaluated, with what is wrong. */
    public List<String> brokenRules() {
        List<String> broken = new ArrayList<>();
        for (JsonElement group : ask("/api/v1/rules").getAsJsonArray("groups")) {
            for (JsonElement element : group.getAsJsonObject().getAsJsonArray("rules")) {
                JsonObject rule = element.getAsJsonObject();
                if (!rule.get("health").getAsString().equals("ok")) {
                    broken.add(rule.get("name") + ": " + rule.get("health") + " " + rule.get("lastError"));
                }
            }
        }
        return broken;
    }

    private JsonObject ask(String pathAndQuery) {
        HttpRequest request = HttpRequest.newBuilder(address.resolve(pathAndQuery))
                .timeout(ANSWER_LIMIT)
                .build();
        try {
            JsonObject answer = JsonParser.parseString(http.send(request, HttpResponse.BodyHandlers.ofString())
                            .body())
                    .getAsJsonObject();
            if (!answer.get("status").getAsString().equals("success")) {
                throw new AssertionError(pathAndQuery + ": " + answer);
            }
            return answer.getAsJsonObject("data");
        } catch (IOException e) {
            throw new AssertionError(pathAndQuery, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Ends it, whatever it does. */
    @Override
    public void close() {
        http.shutdownNow();
        process.destroy();
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(END_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
