package kvstore.gds;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

final class Crc32cTablesTest {
    private static final int ONE = 1 << 31;

    @Test
    void powersMultiply() {
        assertThat(Crc32cTables.power(0)).isEqualTo(ONE);
        assertThat(Crc32cTables.power(1)).isEqualTo(ONE >>> 1);
        assertThat(Crc32cTables.power(31)).isEqualTo(1);
        assertThat(Crc32cTables.multiply(Crc32cTables.power(77), Crc32cTables.power(123)))
                .isEqualTo(Crc32cTables.power(200));
    }

    @Test
    void zerosCanBeTakenBack() {
        for (long pad : new long[] {0, 1, 3, 4, 63, 4096, 65535}) {
            assertThat(Crc32cTables.multiply(Crc32cTables.power(8 * pad), Crc32cTables.unpad(pad)))
                    .as("%d bytes", pad)
                    .isEqualTo(ONE);
        }
    }

    /** The definition: the message, its first 32 bits inverted, times x^32, inverted. */
    @Test
    void theChecksumOfAWordIsItsPolynomialMoved() {
        CRC32C crc = new CRC32C();
        crc.update(new byte[] {'k', 'v', '!', '\n'});
        int word = 'k' | 'v' << 8 | '!' << 16 | '\n' << 24;
        assertThat(~Crc32cTables.multiply(~word, Crc32cTables.power(32))).isEqualTo((int) crc.getValue());
    }
}
