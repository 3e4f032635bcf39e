package kvstore.server.simulate;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Requests in the order of their time, in the format of the traces that the Mooncake project published: a JSON object a
 * line, with {@code timestamp} (milliseconds), {@code input_length}, {@code output_length} (tokens) and {@code hash_ids}.
 */
record Trace(List<Request> requests) {
    Trace {
        requests = List.copyOf(requests);
    }

    /**
     * Reads a trace.
     *
     * @throws IOException if the file cannot be read, or a line is no request; the message names the line
     */
    static Trace read(Path file) throws IOException {
        List<Request> requests = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (!line.isBlank()) {
                    requests.add(request(line, file + ":" + number, requests));
                }
            }
        }
        if (requests.isEmpty()) {
            throw new IOException(file + " has no request");
        }
        return new Trace(requests);
    }

    /** Different blocks. */
    long distinctBlocks() {
        Set<Long> distinct = new HashSet<>();
        requests.forEach(request -> distinct.addAll(request.hashIds()));
        return distinct.size();
    }

    /** Milliseconds from the first request to the last. */
    long spanMillis() {
        return requests.getLast().timestampMillis() - requests.getFirst().timestampMillis();
    }

    private static Request request(String line, String where, List<Request> before) throws IOException {
        try {
            JsonObject object = JsonParser.parseString(line).getAsJsonObject();
            JsonArray ids = object.getAsJsonArray("hash_ids");
            List<Long> hashIds = new ArrayList<>(ids.size());
            for (JsonElement id : ids) {
                hashIds.add(id.getAsLong());
            }
            Request request = new Request(
                    object.get("timestamp").getAsLong(),
                    object.get("input_length").getAsLong(),
                    hashIds);
            if (!before.isEmpty()
                    && request.timestampMillis() < before.getLast().timestampMillis()) {
                throw new IOException(where + ": is earlier than the request before it");
            }
            return request;
        } catch (JsonParseException | IllegalStateException | NumberFormatException | NullPointerException e) {
            throw new IOException(
                    where + ": is no request with timestamp, input_length and hash_ids: " + e.getMessage(), e);
        }
    }
}
