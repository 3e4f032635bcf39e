package kvstore.server.identity;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The users of the RESP door and the hashes of their passwords, from a file with a line {@code name:hash} for each. One
 * password is tried at a time, so that guessing takes no more than one core. Thread-safe.
 */
public final class Users {
    private static final Logger log = LoggerFactory.getLogger(Users.class);
    private static final int MAX_BYTES = 1 << 20;
    private static final long WAIT_SECONDS = 5;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}");

    private final Semaphore trying = new Semaphore(1, true);
    private volatile Map<String, PasswordHash> hashes;

    private Users(Map<String, PasswordHash> hashes) {
        this.hashes = hashes;
    }

    /**
     * Reads the file.
     *
     * @throws IOException if it is of no use, naming the line and nothing of what is in it
     */
    public static Users read(Path file) throws IOException {
        return new Users(load(file));
    }

    /** Reads the file again; a mistake in it is logged and changes nothing. Who is logged in stays so. */
    public void reload(Path file) {
        try {
            hashes = load(file);
            log.atInfo().addKeyValue("users", hashes.size()).log("users were read again");
        } catch (IOException e) {
            log.atError().addKeyValue("problem", e.getMessage()).log("users are wrong; those before stay");
        }
    }

    /** A line for the file. */
    public static String line(String user, char[] password) {
        if (!NAME.matcher(user).matches()) {
            throw new IllegalArgumentException("a user's name has 1 to 64 letters, digits and . _ @ -");
        }
        return user + ":" + PasswordHash.of(password).format();
    }

    /**
     * Who this is; empty if name or password are wrong, or too many others are trying. Blocks for about a tenth of a second,
     * known name or not.
     */
    public Optional<Caller> login(String user, char[] password) throws InterruptedException {
        if (!trying.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)) {
            return Optional.empty();
        }
        try {
            boolean right = hashes.getOrDefault(user, PasswordHash.OF_NOBODY).fits(password);
            return right ? Optional.of(new Caller.PasswordUser(user)) : Optional.empty();
        } finally {
            trying.release();
        }
    }

    private static Map<String, PasswordHash> load(Path file) throws IOException {
        Map<String, PasswordHash> hashes = new HashMap<>();
        List<String> lines;
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new IOException("resp.users-file: %s has more than %d bytes".formatted(file, MAX_BYTES));
            }
            lines = new String(bytes, StandardCharsets.UTF_8).lines().toList();
        } catch (NoSuchFileException e) {
            throw new IOException("resp.users-file: there is no file " + file, e);
        }
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            int colon = line.indexOf(':');
            String name = colon < 0 ? "" : line.substring(0, colon);
            String place = "resp.users-file: %s:%d: ".formatted(file, i + 1);
            if (!NAME.matcher(name).matches()) {
                throw new IOException(place + "is not name:hash, as kvstore hash-password prints it");
            }
            try {
                if (hashes.put(name, PasswordHash.parse(line.substring(colon + 1))) != null) {
                    throw new IOException(place + "the user is there already");
                }
            } catch (IllegalArgumentException e) {
                throw new IOException(place + e.getMessage(), e);
            }
        }
        return Map.copyOf(hashes);
    }
}
