package kvstore.server.resp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.redis.ArrayRedisMessage;
import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import io.netty.handler.codec.redis.RedisArrayAggregator;
import io.netty.handler.codec.redis.RedisBulkStringAggregator;
import io.netty.handler.codec.redis.RedisDecoder;
import io.netty.handler.codec.redis.RedisMessage;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import kvstore.server.RandomCommands;
import kvstore.server.identity.Caller;
import kvstore.server.identity.Tenant;
import kvstore.server.identity.Tenants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class RespParserTest {
    private static final int MAX_ARGUMENTS = 8;

    /** Netty's own decoder reads the same, however the bytes are cut into pieces. */
    @Test
    void readsWhatNettyReads() throws RespProtocolException {
        Random random = seeded("readsWhatNettyReads");
        for (int round = 0; round < 2000; round++) {
            ByteBuf all = Unpooled.buffer();
            int commands = 1 + random.nextInt(5);
            for (int i = 0; i < commands; i++) {
                all.writeBytes(RandomCommands.sound(random));
            }
            assertThat(parse(all.duplicate(), random))
                    .as(ByteBufUtil.hexDump(all))
                    .isEqualTo(nettyReads(all));
        }
    }

    /** Whatever comes, the parser says what is wrong, or asks for more, and never holds more than it may. */
    @Test
    void survivesAnything() {
        Random random = seeded("survivesAnything");
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            ByteBuf all = Unpooled.buffer();
            for (int i = 0; i < 3; i++) {
                all.writeBytes(RandomCommands.bytes(random));
            }
            try {
                parse(all, random);
            } catch (RespProtocolException e) {
                assertThat(e.getMessage()).isNotBlank().doesNotContain("\r", "\n");
                refused++;
            }
        }
        assertThat(refused).isBetween(1000, 19_000);
    }

    @Test
    void keepsOnlyTheBeginningOfLongArguments() throws RespProtocolException {
        RespParser parser = new RespParser(MAX_ARGUMENTS);
        ByteBuf in = Unpooled.buffer();
        in.writeBytes("*3\r\n$4\r\nMGET\r\n$70000\r\n".getBytes(StandardCharsets.US_ASCII));
        in.writeZero(70_000).writeBytes("\r\n$2000\r\n".getBytes(StandardCharsets.US_ASCII));
        in.writeZero(2000).writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));

        assertThat(parser.next(in)).isEqualTo(RespParser.Step.COMMAND);

        List<Argument> arguments = parser.take();
        Tenant tenant = Tenants.single().of(Caller.ANONYMOUS).orElseThrow().tenant();
        assertThat(arguments).extracting(Argument::length).containsExactly(4L, 70_000L, 2000L);
        assertThat(arguments).extracting(argument -> argument.bytes().length).containsExactly(4, 65_536, 1025);
        assertThat(arguments.get(1).key(tenant)).isNull();
        assertThat(arguments.get(2).key(tenant)).isNull();
    }

    @Test
    void takesLinesOfWords() throws RespProtocolException {
        RespParser parser = new RespParser(MAX_ARGUMENTS);
        ByteBuf in = Unpooled.copiedBuffer("\r\n  GET \tk  \n\nPING\r\n", StandardCharsets.US_ASCII);

        assertThat(parser.next(in)).isEqualTo(RespParser.Step.COMMAND);
        assertThat(parser.take()).extracting(Argument::text).containsExactly("GET", "k");
        assertThat(parser.next(in)).isEqualTo(RespParser.Step.COMMAND);
        assertThat(parser.take()).extracting(Argument::text).containsExactly("PING");
        assertThat(parser.next(in)).isEqualTo(RespParser.Step.MORE);
    }

    /** Feeds pieces of random length; a value is taken as the door takes it. */
    private static List<List<String>> parse(ByteBuf all, Random random) throws RespProtocolException {
        RespParser parser = new RespParser(MAX_ARGUMENTS);
        List<List<String>> commands = new ArrayList<>();
        ByteBuf in = Unpooled.buffer();
        StringBuilder value = new StringBuilder();
        long valueLeft = -1;
        while (all.isReadable()) {
            in.writeBytes(all, 1 + random.nextInt(all.readableBytes()));
            boolean more = true;
            while (more) {
                if (valueLeft >= 0) {
                    int bytes = (int) Math.min(valueLeft, in.readableBytes());
                    value.append(in.readCharSequence(bytes, StandardCharsets.ISO_8859_1));
                    valueLeft -= bytes;
                    if (valueLeft > 0) {
                        break;
                    }
                    valueLeft = -1;
                    parser.valueTaken();
                }
                switch (parser.next(in)) {
                    case MORE -> more = false;
                    case VALUE -> {
                        valueLeft = parser.valueLength();
                        value.setLength(0);
                    }
                    case COMMAND -> {
                        List<String> words = new ArrayList<>();
                        for (Argument argument : parser.take()) {
                            boolean left = words.size() == 2 && words.getFirst().equalsIgnoreCase("SET+0");
                            words.add(
                                    left
                                            ? value.toString()
                                            : argument.text() + "+" + (argument.length() - argument.bytes().length));
                        }
                        commands.add(words);
                    }
                }
            }
        }
        return commands;
    }

    private static List<List<String>> nettyReads(ByteBuf all) {
        EmbeddedChannel channel = new EmbeddedChannel(
                new RedisDecoder(true), new RedisBulkStringAggregator(), new RedisArrayAggregator(MAX_ARGUMENTS, 1));
        channel.writeInbound(all);
        List<List<String>> commands = new ArrayList<>();
        for (RedisMessage message = channel.readInbound(); message != null; message = channel.readInbound()) {
            List<String> words = new ArrayList<>();
            for (RedisMessage child : ((ArrayRedisMessage) message).children()) {
                String text = ((FullBulkStringRedisMessage) child).content().toString(StandardCharsets.ISO_8859_1);
                boolean value = words.size() == 2 && words.getFirst().equalsIgnoreCase("SET+0");
                int limit = words.size() <= 1 ? RespParser.MAX_FIRST_BYTES : RespParser.MAX_OTHER_BYTES;
                int kept = Math.min(limit, text.length());
                words.add(value ? text : text.substring(0, kept) + "+" + (text.length() - kept));
            }
            commands.add(words);
            ReferenceCountUtil.release(message);
        }
        channel.finishAndReleaseAll();
        return commands;
    }

    private static Random seeded(String test) {
        long seed = Long.getLong("kvstore.seed", System.nanoTime());
        System.out.println("RespParserTest." + test + ": -Dkvstore.seed=" + seed);
        return new Random(seed);
    }
}
