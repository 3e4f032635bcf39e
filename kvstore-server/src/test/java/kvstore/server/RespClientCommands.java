package kvstore.server;

import java.util.List;
import java.util.stream.Stream;

/** Commands with many keys. */
final class RespClientCommands {
    private RespClientCommands() {}

    static Object[] with(String command, List<String> keys) {
        return Stream.concat(Stream.of(command), keys.stream()).toArray();
    }
}
