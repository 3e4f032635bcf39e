package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.Random;
import kvstore.lustre.LovUserMd.UnknownLayoutException;
import org.junit.jupiter.api.Test;

final class LovUserMdTest {
    /** Magic, pattern RAID0, no object, 16 MiB, 1 stripe, any OST. */
    private static final String V1 = "d00bd10b" + "01000000" + "00".repeat(16) + "00000001" + "0100" + "ffff";

    private static final String V3_OF_FLASH =
            "d00bd30b" + "01000000" + "00".repeat(16) + "00000004" + "ffff" + "ffff" + "666c617368" + "00".repeat(11);

    private static final HexFormat HEX = HexFormat.of();

    @Test
    void theBytesAreThoseOfTheKernel() throws Exception {
        assertThat(HEX.formatHex(LovUserMd.encode(StripeLayout.defaults()))).isEqualTo(V1);
        StripeLayout pooled = new StripeLayout(StripeLayout.ALL, 64 << 20, "flash");
        assertThat(HEX.formatHex(LovUserMd.encode(pooled))).isEqualTo(V3_OF_FLASH);
        assertThat(decode(HEX.parseHex(V1))).isEqualTo(StripeLayout.defaults());
        assertThat(decode(HEX.parseHex(V3_OF_FLASH))).isEqualTo(pooled);
    }

    @Test
    void aFilesLayoutHasObjectsBehindTheHeader() throws Exception {
        assertThat(decode(HEX.parseHex(V1 + "17".repeat(24)))).isEqualTo(StripeLayout.defaults());
    }

    @Test
    void whatItDoesNotKnowIsNamed() {
        assertThatThrownBy(() -> decode(HEX.parseHex("d00bd60b" + "00".repeat(60))))
                .isInstanceOf(UnknownLayoutException.class)
                .hasMessageContaining("composite");
        assertThatThrownBy(() -> decode(HEX.parseHex("efbeadde" + "00".repeat(60))))
                .hasMessageContaining("0xdeadbeef");
        assertThatThrownBy(() -> decode(new byte[31])).hasMessageContaining("31 bytes");
        assertThatThrownBy(() -> decode(HEX.parseHex(V3_OF_FLASH.substring(0, 80))))
                .hasMessageContaining("with a pool");
        assertThatThrownBy(() -> decode(HEX.parseHex(V1.replaceFirst("01000000", "00010000"))))
                .hasMessageContaining("not RAID0");
    }

    @Test
    void everyLayoutComesBack() throws Exception {
        Random random = new Random(4);
        for (int i = 0; i < 10_000; i++) {
            StripeLayout layout = new StripeLayout(
                    random.nextInt(20) == 0 ? StripeLayout.ALL : 1 + random.nextInt(StripeLayout.STRIPES_MAX),
                    (1L + random.nextInt(65_535)) * StripeLayout.STRIPE_SIZE_UNIT_BYTES,
                    "p".repeat(random.nextInt(16)));
            assertThat(decode(LovUserMd.encode(layout))).isEqualTo(layout);
        }
    }

    @Test
    void anyBytesAreALayoutOrAreRefused() {
        Random random = new Random(5);
        byte[][] valid = {HEX.parseHex(V1), HEX.parseHex(V3_OF_FLASH)};
        int refused = 0;
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = valid[i % 2].clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            byte[] cut = random.nextInt(4) == 0 ? java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
            try {
                assertThat(decode(cut)).isNotNull();
            } catch (UnknownLayoutException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1, 99_999);
    }

    @Test
    void wrongWishesAreRefused() {
        assertThatThrownBy(() -> new StripeLayout(0, 65_536, "")).hasMessageContaining("stripe count 0");
        assertThatThrownBy(() -> new StripeLayout(1, 65_537, "")).hasMessageContaining("65537");
        assertThatThrownBy(() -> new StripeLayout(1, 1L << 32, "")).hasMessageContaining("4294967296");
        assertThatThrownBy(() -> new StripeLayout(1, 65_536, "a pool")).hasMessageContaining("'a pool'");
    }

    private static StripeLayout decode(byte[] bytes) throws UnknownLayoutException {
        return LovUserMd.decode(MemorySegment.ofArray(bytes));
    }
}
