package kvstore.client.cli.doctor;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * How LMCache was told to run.
 *
 * @param config LMCache's YAML file, which only LMCache inside the engine reads
 * @param adapter one {@code --l2-adapter} of {@code lmcache server}
 * @param environment of the process; empty if nothing is known of it
 * @param serverAlgorithm {@code --hash-algorithm} of {@code lmcache server}, or null
 * @param serverChunkSize {@code --chunk-size} of {@code lmcache server}, or null
 */
record Engine(
        Optional<Map<String, Object>> config,
        Optional<JsonObject> adapter,
        Optional<Map<String, String>> environment,
        @Nullable String serverAlgorithm,
        @Nullable String serverChunkSize) {
    static final int DEFAULT_CHUNK_SIZE = 256;

    /** Whether prompts are hashed inside the engine, rather than in {@code lmcache server}. */
    boolean inProcess() {
        return config.isPresent() && adapter.isEmpty();
    }

    /** The algorithm that somebody has chosen. */
    Optional<String> chosenAlgorithm() {
        return inProcess()
                ? setting("pre_caching_hash_algorithm").map(Object::toString)
                : Optional.ofNullable(serverAlgorithm);
    }

    /** The algorithm that is in force. */
    String algorithm() {
        return chosenAlgorithm().orElse(inProcess() ? "builtin" : "blake3");
    }

    /** Tokens in a chunk, as text: it may be no number. */
    String chunkSizeText() {
        Optional<String> chosen =
                inProcess() ? setting("chunk_size").map(Object::toString) : Optional.ofNullable(serverChunkSize);
        return chosen.orElse(Integer.toString(DEFAULT_CHUNK_SIZE));
    }

    /** Tokens in a chunk, or the default where that is no positive number. */
    int chunkSize() {
        try {
            int size = Integer.parseInt(chunkSizeText());
            return size > 0 ? size : DEFAULT_CHUNK_SIZE;
        } catch (NumberFormatException _) {
            return DEFAULT_CHUNK_SIZE;
        }
    }

    Optional<Object> setting(String name) {
        return config.map(values -> values.get(name));
    }

    /** What the process has in its environment under this name. */
    Optional<String> variable(String name) {
        return environment.map(values -> values.get(name));
    }

    static Map<String, Object> readConfig(Path file) {
        try {
            Object yaml = new Load(
                            LoadSettings.builder().setLabel(file.toString()).build())
                    .loadFromString(Files.readString(file));
            Map<String, Object> config = new HashMap<>();
            if (yaml instanceof Map<?, ?> map) {
                map.forEach((key, value) -> {
                    if (value != null) {
                        config.put(String.valueOf(key), value);
                    }
                });
            } else if (yaml != null) {
                throw usage("--lmcache-config: %s holds no YAML mapping".formatted(file));
            }
            return config;
        } catch (YamlEngineException e) {
            throw usage("--lmcache-config: %s is no YAML: %s".formatted(file, e.getMessage()));
        } catch (IOException e) {
            throw usage("--lmcache-config: cannot read %s (%s)".formatted(file, e));
        }
    }

    static JsonObject readAdapter(String json) {
        try {
            return JsonParser.parseString(json).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw usage("--l2-adapter: this is no JSON object: " + json);
        }
    }

    /** A running process, by Linux' {@code /proc}: its environment, and the options of {@code lmcache server}. */
    record RunningProcess(Map<String, String> environment, List<String> arguments) {
        static RunningProcess read(long pid) {
            Path directory = Path.of("/proc", Long.toString(pid));
            try {
                Map<String, String> environment = new HashMap<>();
                for (String assignment : strings(directory.resolve("environ"))) {
                    int equals = assignment.indexOf('=');
                    if (equals > 0) {
                        environment.put(assignment.substring(0, equals), assignment.substring(equals + 1));
                    }
                }
                return new RunningProcess(environment, strings(directory.resolve("cmdline")));
            } catch (IOException e) {
                throw usage("--pid: cannot read the environment of process %d (%s): does it run, and is it this user's?"
                        .formatted(pid, e));
            }
        }

        private static List<String> strings(Path file) throws IOException {
            return List.of(Files.readString(file).split("\0"));
        }

        /** The value of {@code --name VALUE} or {@code --name=VALUE}, or null. */
        @Nullable
        String option(String name) {
            for (int i = 0; i < arguments.size(); i++) {
                String argument = arguments.get(i);
                if (argument.startsWith(name + "=")) {
                    return argument.substring(name.length() + 1);
                }
                if (argument.equals(name) && i + 1 < arguments.size()) {
                    return arguments.get(i + 1);
                }
            }
            return null;
        }
    }

    private static CommandFailure usage(String message) {
        return new CommandFailure(ExitCode.USAGE, message);
    }
}
