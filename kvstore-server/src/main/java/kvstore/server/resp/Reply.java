package kvstore.server.resp;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.redis.ArrayRedisMessage;
import io.netty.handler.codec.redis.ErrorRedisMessage;
import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import io.netty.handler.codec.redis.IntegerRedisMessage;
import io.netty.handler.codec.redis.RedisMessage;
import io.netty.handler.codec.redis.SimpleStringRedisMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import kvstore.server.metrics.RespOutcome;

/**
 * An answer and how it is counted.
 *
 * @param message what the client gets: a {@link RedisMessage}, or its bytes where Netty's codec has no word for it
 */
record Reply(Object message, RespOutcome outcome) {
    static Reply ok() {
        return ok(simple("OK"));
    }

    static Reply ok(Object message) {
        return new Reply(message, RespOutcome.OK);
    }

    /** @param message begins with Redis' word for the kind of error, such as {@code ERR} */
    static Reply error(String message) {
        return new Reply(new ErrorRedisMessage(oneLine(message)), RespOutcome.ERROR);
    }

    static Reply wrongArity(String command) {
        return error("ERR wrong number of arguments for '" + command.toLowerCase(Locale.ROOT) + "' command");
    }

    static RedisMessage simple(String text) {
        return new SimpleStringRedisMessage(text);
    }

    static RedisMessage integer(long value) {
        return new IntegerRedisMessage(value);
    }

    static RedisMessage bulk(byte[] bytes) {
        return new FullBulkStringRedisMessage(Unpooled.wrappedBuffer(bytes));
    }

    static RedisMessage bulk(String text) {
        return bulk(text.getBytes(StandardCharsets.UTF_8));
    }

    static RedisMessage array(RedisMessage... children) {
        return new ArrayRedisMessage(Arrays.asList(children));
    }

    /** As {@link Session#map}, for RESP2. */
    static RedisMessage arrayOf(List<Object> items) {
        List<RedisMessage> children = new ArrayList<>();
        for (Object item : items) {
            children.add(
                    switch (item) {
                        case Long number -> integer(number);
                        case List<?> _ -> array();
                        default -> bulk(item.toString());
                    });
        }
        return array(children);
    }

    static RedisMessage array(List<RedisMessage> children) {
        return new ArrayRedisMessage(new ArrayList<>(children));
    }

    /** What a client chose may hold anything; an error is one line. */
    private static String oneLine(String text) {
        return text.replaceAll("[\\r\\n]", " ");
    }
}
