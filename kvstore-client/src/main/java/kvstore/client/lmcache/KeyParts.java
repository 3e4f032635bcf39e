package kvstore.client.lmcache;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kvstore.api.ChunkKey;

/**
 * What LMCache's keys say of the model and the rank, read from a copy and more leniently than an import does: this is for
 * counting, not for finding. Both modes are known: {@code model@%08x(rank)@group@hash[@salt]} and
 * {@code model@world_size@worker_id@hash@dtype[...]}.
 *
 * @param model as written; {@code -} if the key is none of these
 * @param rank as written, in the multiprocess mode 8 hexadecimal digits; {@code -} if the key is none of these
 */
public record KeyParts(String model, String rank) {
    private static final KeyParts NONE = new KeyParts("-", "-");
    private static final Pattern OBJECT = Pattern.compile("([^@]+)@([0-9a-f]{8})@[0-9a-f]{1,8}@[0-9a-f]+(?:@.*)?");
    private static final Pattern ENGINE = Pattern.compile("([^@]+)@[0-9]{1,7}@([0-9]{1,7})@-?[0-9a-f]+@.*");

    /** Of any key. */
    public static KeyParts of(ChunkKey key) {
        String text = key.toString();
        for (Pattern form : new Pattern[] {OBJECT, ENGINE}) {
            Matcher matcher = form.matcher(text);
            if (matcher.matches()) {
                return new KeyParts(matcher.group(1), matcher.group(2));
            }
        }
        return NONE;
    }
}
