package kvstore.client.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.ChunkKey;
import org.jspecify.annotations.Nullable;

/** Keys from the command line and from a file, and in portions that a call may have. */
final class KeyList {
    private KeyList() {}

    /**
     * @param file one key a line, empty lines left out; {@code -} for standard input, null for none
     */
    static List<ChunkKey> read(List<ChunkKey> arguments, @Nullable String file, Console console) {
        List<ChunkKey> keys = new ArrayList<>(arguments);
        if (file != null) {
            try (Reader reader = open(file, console);
                    BufferedReader lines = new BufferedReader(reader)) {
                lines.lines()
                        .filter(line -> !line.isEmpty())
                        .map(Converters::key)
                        .forEach(keys::add);
            } catch (NoSuchFileException _) {
                throw new CommandFailure(ExitCode.USAGE, "--keys-from: there is no file " + file);
            } catch (IllegalArgumentException e) {
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "--keys-from: key %d of %s: %s".formatted(keys.size() + 1, file, e.getMessage()),
                        e);
            } catch (IOException | UncheckedIOException e) {
                throw new CommandFailure(ExitCode.FAILED, "cannot read %s: %s".formatted(file, e.getMessage()), e);
            }
        }
        if (keys.isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE, "no keys given: name at least one");
        }
        return keys;
    }

    private static Reader open(String file, Console console) throws IOException {
        return file.equals(Payload.STANDARD_STREAM)
                ? new InputStreamReader(console.in(), StandardCharsets.UTF_8)
                : Files.newBufferedReader(Path.of(file));
    }

    static <T> List<List<T>> portions(List<T> all, int size) {
        List<List<T>> portions = new ArrayList<>();
        for (int start = 0; start < all.size(); start += size) {
            portions.add(all.subList(start, Math.min(all.size(), start + size)));
        }
        return portions;
    }
}
