package kvstore.server.resp;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Tenant;
import org.jspecify.annotations.Nullable;

/**
 * One argument of a command.
 *
 * @param bytes its beginning: as much as the parser keeps
 * @param length all of it, in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares two of these
record Argument(byte[] bytes, long length) {
    Argument(byte[] bytes) {
        this(bytes, bytes.length);
    }

    /** Whether the end is missing. */
    boolean isCut() {
        return bytes.length < length;
    }

    /** The tenant's key that it names, or null if it is no possible key: empty, or longer than 1024 bytes. */
    @Nullable
    ChunkKey key(Tenant tenant) {
        return bytes.length == 0 || isCut() || bytes.length > ChunkKey.MAX_BYTES ? null : tenant.key(bytes);
    }

    /** As text, byte by byte. */
    String text() {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** As a word of the protocol, in capitals. */
    String word() {
        return text().toUpperCase(Locale.ROOT);
    }
}
