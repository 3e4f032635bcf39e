package kvstore.server.resp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;

/** The few replies that look different to clients that asked for RESP3; Netty's codec knows RESP2 only. */
final class Resp3 {
    private Resp3() {}

    static ByteBuf nil() {
        return Unpooled.buffer().writeBytes(new byte[] {'_', '\r', '\n'});
    }

    /** @param keysAndValues strings, integers and empty lists, key and value in turn */
    static ByteBuf map(List<Object> keysAndValues) {
        ByteBuf out = Unpooled.buffer();
        ascii(out, "%" + keysAndValues.size() / 2 + "\r\n");
        for (Object item : keysAndValues) {
            switch (item) {
                case Long number -> ascii(out, ":" + number + "\r\n");
                case List<?> _ -> ascii(out, "*0\r\n");
                default -> {
                    String text = item.toString();
                    ascii(out, "$" + ByteBufUtil.utf8Bytes(text) + "\r\n");
                    ByteBufUtil.writeUtf8(out, text);
                    ascii(out, "\r\n");
                }
            }
        }
        return out;
    }

    private static void ascii(ByteBuf out, String text) {
        ByteBufUtil.writeAscii(out, text);
    }
}
