package kvstore.server.lm;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import kvstore.server.identity.Caller;
import kvstore.server.identity.Tenant;
import kvstore.server.identity.Tenants;

/**
 * Whatever 158 or 186 bytes come, they are a request or are refused with a sentence. In the usual run only the inputs beside
 * this class are tried; with {@code JAZZER_FUZZ=1} Jazzer looks for more.
 */
final class LmRequestFuzzTest {
    private static final Tenant TENANT =
            Tenants.single().of(Caller.ANONYMOUS).orElseThrow().tenant();

    @FuzzTest
    void isARequestOrIsRefused(byte[] bytes) {
        if (bytes.length < LmForm.DETECTION_BYTES) {
            return;
        }
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        LmForm form = LmForm.detect(in);
        if (in.readableBytes() < form.requestBytes()) {
            return;
        }
        try {
            LmRequest request = LmRequest.read(form, TENANT, in);
            assertThat(request.length()).isNotNegative();
            assertThat(in.readerIndex()).isEqualTo(form.requestBytes());
        } catch (LmProtocolException e) {
            assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
        }
    }
}
