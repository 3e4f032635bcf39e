package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

final class SeededBytesTest {
    private static final int SIZE = 4096;

    private final MemorySegment memory = MemorySegment.ofArray(new byte[SIZE]);

    @Test
    void recognisesWhatItMade() {
        SeededBytes.fill(memory, 7);

        assertThat(SeededBytes.matches(memory, 7)).isTrue();
        assertThat(SeededBytes.matches(memory, 8)).isFalse();
    }

    @Test
    void seesEveryFlippedBit() {
        SeededBytes.fill(memory, 7);
        for (int offset = 0; offset < SIZE; offset++) {
            byte before = memory.get(ValueLayout.JAVA_BYTE, offset);
            memory.set(ValueLayout.JAVA_BYTE, offset, (byte) (before ^ 1 << offset % Byte.SIZE));
            assertThat(SeededBytes.matches(memory, 7)).isFalse();
            memory.set(ValueLayout.JAVA_BYTE, offset, before);
        }
        assertThat(SeededBytes.matches(memory, 7)).isTrue();
    }

    @Test
    void isTheSameOnEveryMachine() {
        MemorySegment few = MemorySegment.ofArray(new byte[16]);
        SeededBytes.fill(few, 1);

        assertThat(HexFormat.of().formatHex(few.toArray(ValueLayout.JAVA_BYTE)))
                .isEqualTo("72d7c2dd3080efbf47aaf282e42c555f");
    }

    @Test
    void hasNoOpinionOnHalfAWord() {
        assertThatThrownBy(() -> SeededBytes.fill(memory.asSlice(0, 12), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("12 bytes");
    }
}
