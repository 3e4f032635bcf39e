package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A check that never fails proves nothing. */
@Timeout(60)
final class NettyLeaksTest {
    @Test
    void aLostBufferIsFound() {
        try (NettyLeaks leaks = new NettyLeaks()) {
            assertThat(leaks.find()).isEmpty();
            lose();
            assertThat(leaks.find()).singleElement().asString().contains("LEAK", "lose");
        }
    }

    private static void lose() {
        PooledByteBufAllocator.DEFAULT.buffer(16).writeByte(1);
    }
}
