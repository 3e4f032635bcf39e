package kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.KnownLength;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import kvstore.client.wire.FrameStream;
import kvstore.v1.PutBegin;
import kvstore.v1.PutRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What these frames put on the wire is what the generated class would. */
final class PutFrameTest {
    private final PutFrame.Marshaller marshaller = new PutFrame.Marshaller();

    static IntStream sizes() {
        return IntStream.concat(
                IntStream.of(1, 127, 128, 16383, 16384, 65535, 65536, 65537, 512 * 1024),
                new Random(1).ints(30, 1, 300_000));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void dataIsTheSameBytes(int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        byte[] expected = PutRequest.newBuilder()
                .setData(ByteString.copyFrom(bytes))
                .build()
                .toByteArray();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(size);
            memory.copyFrom(MemorySegment.ofArray(bytes));
            PutFrame frame = new PutFrame.Data(memory);

            assertThat(((KnownLength) marshaller.stream(frame)).available()).isEqualTo(expected.length);
            assertThat(marshaller.stream(frame).readAllBytes()).isEqualTo(expected);
            assertThat(drained(marshaller.stream(frame))).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void beginIsTheSameBytes(long seed) throws IOException {
        Random random = new Random(seed);
        byte[] key = new byte[1 + random.nextInt(1024)];
        random.nextBytes(key);
        PutBegin begin = PutBegin.newBuilder()
                .setKey(ByteString.copyFrom(key))
                .setLength(random.nextLong())
                .setClientId("client " + seed)
                .build();
        byte[] expected = PutRequest.newBuilder().setBegin(begin).build().toByteArray();

        assertThat(marshaller.stream(new PutFrame.Begin(begin)).readAllBytes()).isEqualTo(expected);
        assertThat(drained(marshaller.stream(new PutFrame.Begin(begin)))).isEqualTo(expected);
    }

    @Test
    void aStreamMayBeReadInAnyPieces() throws IOException {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            byte[] head = bytes(random, random.nextInt(20));
            byte[] payload = bytes(random, random.nextInt(200));
            byte[] tail = bytes(random, random.nextInt(20));
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            expected.writeBytes(head);
            expected.writeBytes(payload);
            expected.writeBytes(tail);
            FrameStream stream = new FrameStream(head, MemorySegment.ofArray(payload), tail);

            ByteArrayOutputStream actual = new ByteArrayOutputStream();
            while (stream.available() > 0 && random.nextInt(50) != 0) {
                byte[] piece = new byte[1 + random.nextInt(40)];
                int count = stream.read(piece, 0, piece.length);
                actual.write(piece, 0, count);
            }
            stream.drainTo(actual);

            assertThat(actual.toByteArray()).as("round %d", round).isEqualTo(expected.toByteArray());
            assertThat(stream.read()).isEqualTo(-1);
            assertThat(stream.available()).isZero();
        }
    }

    @Test
    void aFullFrameFitsIntoOneBufferOfGrpc() throws IOException {
        try (Arena arena = Arena.ofConfined();
                InputStream stream = marshaller.stream(new PutFrame.Data(arena.allocate(PutTransfer.FRAME_BYTES)))) {
            assertThat(5 + stream.available()).isLessThanOrEqualTo(1024 * 1024);
        }
    }

    private static byte[] drained(InputStream stream) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int drained = ((FrameStream) stream).drainTo(out);
        assertThat(drained).isEqualTo(out.size());
        assertThat(stream.read()).isEqualTo(-1);
        return out.toByteArray();
    }

    private static byte[] bytes(Random random, int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }
}
