package kvstore.bench.load;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/** Reads what other people's programs write. */
final class JsonFile {
    private JsonFile() {}

    /**
     * Reads one object.
     *
     * @param reader may fail in any way that Gson has, for what is not there or of another type
     * @throws CommandFailure if the file cannot be read, or is not what {@code reader} expects
     */
    static <T> T read(Path file, Function<JsonObject, T> reader) {
        try {
            return reader.apply(JsonParser.parseString(Files.readString(file)).getAsJsonObject());
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read " + file + ": " + e, e);
        } catch (JsonParseException
                | IllegalStateException
                | UnsupportedOperationException
                | NullPointerException
                | NumberFormatException e) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    file + " is not the JSON that this release knows, is the program another version? " + e,
                    e);
        }
    }
}
