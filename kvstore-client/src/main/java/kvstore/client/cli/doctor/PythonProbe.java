package kvstore.client.cli.doctor;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What a Python interpreter says of itself and of the LMCache that is installed there.
 *
 * @param facts what {@code probe.py} prints: versions, and the hash that LMCache computes or why there is none
 * @param failure why there are no facts; empty if there are
 */
record PythonProbe(JsonObject facts, String failure) {
    private static final String MARKER = "KVSTORE-DOCTOR ";

    /** Importing LMCache imports PyTorch. */
    private static final Duration LIMIT = Duration.ofMinutes(2);

    /** Runs the script, in the engine's environment if that is known. */
    static PythonProbe run(String python, Engine engine) {
        try {
            Path output = Files.createTempFile("kvstore-doctor-", ".log");
            try {
                ProcessBuilder builder = new ProcessBuilder(
                        python,
                        "-c",
                        script(),
                        engine.inProcess() ? "in-process" : "mp",
                        engine.algorithm(),
                        Integer.toString(engine.chunkSize()));
                setEnvironment(builder.environment(), engine.environment());
                return answer(builder.redirectErrorStream(true).redirectOutput(output.toFile()), output);
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            return new PythonProbe(new JsonObject(), String.valueOf(e.getMessage()));
        }
    }

    private static PythonProbe answer(ProcessBuilder builder, Path output) throws IOException {
        Process process = builder.start();
        process.getOutputStream().close();
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                return new PythonProbe(new JsonObject(), "it did not end within " + LIMIT.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new PythonProbe(new JsonObject(), "interrupted");
        } finally {
            process.destroyForcibly();
        }
        String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
        return text.lines()
                .filter(line -> line.startsWith(MARKER))
                .findFirst()
                .map(line -> new PythonProbe(
                        JsonParser.parseString(line.substring(MARKER.length())).getAsJsonObject(), ""))
                .orElseGet(() -> new PythonProbe(
                        new JsonObject(),
                        "it ended with %d: %s"
                                .formatted(process.exitValue(), text.lines().reduce("", (_, b) -> b))));
    }

    /** What decides about hashes and modules comes from the engine, or from nowhere. */
    private static void setEnvironment(Map<String, String> own, Optional<Map<String, String>> engine) {
        own.keySet().removeIf(name -> name.startsWith("LMCACHE_") || name.equals("PYTHONHASHSEED"));
        engine.ifPresent(variables -> variables.forEach((name, value) -> {
            if (name.startsWith("LMCACHE_") || name.startsWith("PYTHON")) {
                own.put(name, value);
            }
        }));
        own.put("LMCACHE_TRACK_USAGE", "false");
    }

    /** The value of a fact, if it was found. */
    Optional<String> fact(String name) {
        return Optional.ofNullable(facts.get(name)).map(value -> value.getAsString());
    }

    boolean usesBuiltin() {
        return fact("uses_builtin").map(Boolean::parseBoolean).orElse(false);
    }

    private static String script() {
        try (InputStream in = Objects.requireNonNull(PythonProbe.class.getResourceAsStream("probe.py"), "probe.py")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
