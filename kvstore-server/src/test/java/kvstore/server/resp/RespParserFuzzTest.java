package kvstore.server.resp;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Whatever bytes come, the parser says what is wrong or asks for more. In the usual run only the inputs beside this class are
 * tried; with {@code JAZZER_FUZZ=1} Jazzer looks for more.
 */
final class RespParserFuzzTest {
    private static final int MAX_ARGUMENTS = 8;

    @FuzzTest
    void takesCommandsOrRefuses(byte[] bytes) {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        RespParser parser = new RespParser(MAX_ARGUMENTS);
        try {
            for (RespParser.Step step = parser.next(in); step != RespParser.Step.MORE; step = parser.next(in)) {
                if (step == RespParser.Step.COMMAND) {
                    assertThat(parser.take().size()).isBetween(1, MAX_ARGUMENTS);
                } else if (in.readableBytes() < parser.valueLength()) {
                    return; // its owner would wait for the rest
                } else {
                    in.skipBytes((int) parser.valueLength());
                    parser.valueTaken();
                }
            }
        } catch (RespProtocolException e) {
            assertThat(e.getMessage()).isNotBlank().doesNotContain("\r", "\n");
        }
    }
}
