package kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.sun.management.ThreadMXBean;
import io.grpc.Drainable;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import kvstore.client.wire.WireFormatException;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the generated class puts on the wire is what these frames read. */
final class GetFrameTest {
    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
    void readsWhatTheGeneratedClassWrites(long seed) throws IOException {
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            GetResponse message = message(random, random.nextInt(200_000));
            byte[] encoded = concat(unknownFields(random).toByteArray(), message.toByteArray());

            GetResponse read = read(new ShortReads(encoded, random));

            assertThat(read).as("seed %d, round %d", seed, round).isEqualTo(withoutUnknownFields(message));
        }
    }

    /** A message that ends too early is one for both, or for neither. */
    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24})
    void agreesOnTruncatedMessages(long seed) throws IOException {
        Random random = new Random(seed);
        byte[] encoded = message(random, 40).toByteArray();
        for (int length = 0; length < encoded.length; length++) {
            byte[] truncated = Arrays.copyOf(encoded, length);
            GetResponse expected;
            try {
                expected = GetResponse.parseFrom(truncated);
            } catch (InvalidProtocolBufferException _) {
                assertThatThrownBy(() -> read(new ByteArrayInputStream(truncated)))
                        .as("seed %d, %d bytes", seed, length)
                        .isInstanceOf(WireFormatException.class);
                continue;
            }
            assertThat(read(new ByteArrayInputStream(truncated)))
                    .as("seed %d, %d bytes", seed, length)
                    .isEqualTo(withoutUnknownFields(expected));
        }
    }

    /** The reason for all this: no payload on the heap, in either direction. */
    @Test
    void payloadStaysOffTheHeap() throws IOException {
        byte[] encoded = GetResponse.newBuilder()
                .setData(ByteString.copyFrom(new byte[PutTransfer.FRAME_BYTES]))
                .build()
                .toByteArray();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(PutTransfer.FRAME_BYTES);
            long before = 0;
            // the first round allocates the scratch array
            for (int round = 0; round <= 100; round++) {
                if (round == 1) {
                    before = allocatedBytes();
                }
                GetFrame frame = new GetFrame(new ByteArrayInputStream(encoded));
                frame.readHead();
                frame.readPayload(memory);
                frame.readTail();
                try (InputStream stream = new PutFrame.Marshaller().stream(new PutFrame.Data(memory))) {
                    ((Drainable) stream).drainTo(OutputStream.nullOutputStream());
                }
            }
            assertThat(allocatedBytes() - before).isLessThan(PutTransfer.FRAME_BYTES);
        }
    }

    /** Whatever comes, the answer is a message or an {@code IOException}. */
    @Test
    void survivesNoise() {
        Random random = new Random(31);
        for (int round = 0; round < 20_000; round++) {
            byte[] noise = new byte[random.nextInt(40)];
            random.nextBytes(noise);
            try {
                read(new ByteArrayInputStream(noise));
            } catch (IOException _) {
                // as it should be
            }
        }
    }

    @Test
    void refusesFieldsThatSayTooLateWhereThePayloadBelongs() {
        byte[] payload = GetResponse.newBuilder()
                .setData(ByteString.copyFromUtf8("abc"))
                .build()
                .toByteArray();
        byte[] index = GetResponse.newBuilder().setIndex(3).build().toByteArray();

        assertThatThrownBy(() -> read(new ByteArrayInputStream(concat(payload, index))))
                .isInstanceOf(WireFormatException.class)
                .hasMessageContaining("field 1 of GetResponse comes after its data");
        assertThatThrownBy(() -> read(new ByteArrayInputStream(concat(payload, payload))))
                .isInstanceOf(WireFormatException.class);
    }

    private static GetResponse read(InputStream stream) throws IOException {
        GetFrame frame = new GetFrame(stream);
        frame.readHead();
        if (frame.payloadBytes() > 1_000_000) {
            throw new IOException("more than any test sends, as a transfer would find");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(frame.payloadBytes());
            frame.readPayload(memory);
            frame.readTail();
            return GetResponse.newBuilder()
                    .setIndex(frame.index())
                    .setLength(frame.length())
                    .setData(ByteString.copyFrom(memory.toArray(ValueLayout.JAVA_BYTE)))
                    .setStatusValue(frame.status())
                    .setReasonValue(frame.reason())
                    .build();
        }
    }

    private static long allocatedBytes() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static GetResponse withoutUnknownFields(GetResponse message) {
        return message.toBuilder()
                .setUnknownFields(UnknownFieldSet.getDefaultInstance())
                .build();
    }

    private static GetResponse message(Random random, int payloadBytes) {
        byte[] payload = new byte[random.nextInt(4) == 0 ? 0 : payloadBytes];
        random.nextBytes(payload);
        return GetResponse.newBuilder()
                .setIndex(random.nextInt())
                .setLength(random.nextLong() >>> random.nextInt(64))
                .setData(ByteString.copyFrom(payload))
                .setStatus(GetStatus.forNumber(random.nextInt(3)))
                .setReason(MissReason.forNumber(random.nextInt(6)))
                .setUnknownFields(unknownFields(random))
                .build();
    }

    private static UnknownFieldSet unknownFields(Random random) {
        UnknownFieldSet.Builder fields = UnknownFieldSet.newBuilder();
        for (int i = random.nextInt(5); i > 0; i--) {
            byte[] bytes = new byte[random.nextInt(300)];
            fields.mergeField(
                    6 + random.nextInt(100_000),
                    UnknownFieldSet.Field.newBuilder()
                            .addVarint(random.nextLong())
                            .addFixed32(random.nextInt())
                            .addFixed64(random.nextLong())
                            .addLengthDelimited(ByteString.copyFrom(bytes))
                            .build());
        }
        return fields.build();
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** Gives fewer bytes than asked for, as streams over several buffers do. */
    private static final class ShortReads extends FilterInputStream {
        private final Random random;

        ShortReads(byte[] bytes, Random random) {
            super(new ByteArrayInputStream(bytes));
            this.random = random;
        }

        @Override
        public int read(byte[] destination, int offset, int length) throws IOException {
            return super.read(destination, offset, length == 0 ? 0 : 1 + random.nextInt(length));
        }

        @Override
        public long skip(long count) throws IOException {
            return super.skip(random.nextLong(count + 1));
        }
    }
}
