package kvstore.server;

import java.util.Arrays;
import java.util.Random;

/** Commands as clients send them, some of them damaged. */
public final class RandomCommands {
    private static final String[] NAMES = {
        "GET", "SET", "set", "MGET", "EXISTS", "DEL", "PING", "ECHO", "SCAN", "TTL", "CLIENT", "HELLO", "INFO", "x", ""
    };

    private static final String[] WORDS = {
        "0", "k1", "k2", "NX", "EX", "10", "MATCH", "*", "COUNT", "", "\r\n", "$", "*1"
    };

    private RandomCommands() {}

    /** One command or something like it. */
    public static byte[] bytes(Random random) {
        byte[] bytes = sound(random);
        switch (random.nextInt(6)) {
            case 0 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            case 1 -> bytes = Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length));
            case 2 -> random.nextBytes(bytes);
            default -> {
                // as it should be
            }
        }
        return bytes;
    }

    /** One command. */
    public static byte[] sound(Random random) {
        Object[] arguments = new Object[1 + random.nextInt(5)];
        arguments[0] = NAMES[random.nextInt(NAMES.length)];
        for (int i = 1; i < arguments.length; i++) {
            if (random.nextInt(4) == 0) {
                byte[] value = new byte[random.nextInt(random.nextBoolean() ? 10 : 3000)];
                random.nextBytes(value);
                arguments[i] = value;
            } else {
                arguments[i] = WORDS[random.nextInt(WORDS.length)];
            }
        }
        return RespClient.command(arguments);
    }
}
