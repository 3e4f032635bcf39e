package kvstore.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.Drainable;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.random.RandomGenerator;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import kvstore.v1.PutBegin;
import kvstore.v1.PutRequest;
import org.junit.jupiter.api.Test;

/** The hand-written frames against the generated classes: the same bytes on the wire, both ways. */
final class FrameTest {
    private static final long SEED = 42;
    private static final int ROUNDS = 2_000;

    @Test
    void readsEveryPutRequestThatTheGeneratedClassWrites() throws IOException {
        RandomGenerator random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            PutRequest.Builder message = PutRequest.newBuilder();
            if (random.nextBoolean()) {
                message.setBegin(PutBegin.newBuilder()
                        .setKey(randomBytes(random, 40))
                        .setLength(random.nextLong())
                        .setClientId("client"));
            }
            message.setData(randomBytes(random, random.nextBoolean() ? 300 : 100_000));
            if (random.nextInt(4) == 0) {
                message.setUnknownFields(unknownFields(random));
            }
            PutRequest expected = message.build();
            PutFrame frame = PutFrame.parse(new ByteArrayInputStream(expected.toByteArray()));
            assertThat(frame.begin() == null ? PutBegin.getDefaultInstance() : frame.begin())
                    .as("seed %d, round %d", SEED, round)
                    .isEqualTo(expected.getBegin());
            assertThat(payload(frame, random))
                    .as("seed %d, round %d", SEED, round)
                    .isEqualTo(expected.getData());
        }
    }

    @Test
    void refusesBytesThatAreNoPutRequest() {
        RandomGenerator random = new Random(SEED);
        PutRequest whole = PutRequest.newBuilder()
                .setBegin(PutBegin.newBuilder()
                        .setKey(ByteString.copyFromUtf8("key"))
                        .setLength(5))
                .setData(ByteString.copyFromUtf8("hello"))
                .build();
        byte[] bytes = whole.toByteArray();
        for (int length = 1; length < bytes.length; length++) {
            ByteString cut = ByteString.copyFrom(bytes, 0, length);
            // a cut between two fields is a message, and so is one that ends before data
            if (length != 2 + whole.getBegin().getSerializedSize()) {
                assertThatThrownBy(() -> PutFrame.parse(cut.newInput())).isInstanceOf(IOException.class);
            }
        }
        for (int round = 0; round < ROUNDS; round++) {
            ByteString garbage = randomBytes(random, 64);
            try {
                payload(PutFrame.parse(garbage.newInput()), random);
            } catch (IOException e) {
                assertThat(e).as("seed %d, round %d", SEED, round).hasMessageMatching(".+");
            }
        }
    }

    @Test
    void refusesABeginBehindItsData() throws IOException {
        ByteString data = PutRequest.newBuilder()
                .setData(ByteString.copyFromUtf8("hello"))
                .build()
                .toByteString();
        ByteString begin = PutRequest.newBuilder()
                .setBegin(PutBegin.newBuilder().setLength(5))
                .build()
                .toByteString();
        PutFrame frame = PutFrame.parse(data.concat(begin).newInput());
        assertThatThrownBy(() -> payload(frame, new Random(SEED))).hasMessageContaining("after data");
    }

    @Test
    void writesWhatTheGeneratedClassReads() throws IOException {
        RandomGenerator random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            ByteString data = randomBytes(random, random.nextBoolean() ? 300 : 200_000);
            GetResponse expected = GetResponse.newBuilder()
                    .setIndex(random.nextInt(Integer.MAX_VALUE))
                    .setLength(random.nextLong(Long.MAX_VALUE))
                    .setData(data)
                    .setStatusValue(random.nextInt(3))
                    .setReasonValue(random.nextInt(6))
                    .build();
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(Math.max(1, data.size())).asSlice(0, data.size());
                memory.copyFrom(MemorySegment.ofArray(data.toByteArray()));
                byte[] written = drain(new GetFrame(
                        expected.getIndex(), expected.getLength(), memory, expected.getStatus(), expected.getReason()));
                assertThat(written).as("seed %d, round %d", SEED, round).isEqualTo(expected.toByteArray());
            }
        }
        assertThat(GetResponse.parseFrom(drain(GetFrame.miss(3, MissReason.MISS_REASON_ABSENT))))
                .isEqualTo(GetResponse.newBuilder()
                        .setIndex(3)
                        .setStatus(GetStatus.GET_STATUS_MISS)
                        .setReason(MissReason.MISS_REASON_ABSENT)
                        .build());
    }

    private static byte[] drain(GetFrame frame) throws IOException {
        InputStream stream = GetFrame.METHOD.streamResponse(frame);
        int announced = stream.available();
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        assertThat(((Drainable) stream).drainTo(written)).isEqualTo(announced);
        assertThat(written.size()).isEqualTo(announced);
        assertThat(stream.available()).isZero();
        return written.toByteArray();
    }

    /** The payload, taken in steps of random size. */
    private static ByteString payload(PutFrame frame, RandomGenerator random) throws IOException {
        int length = frame.dataBytesLeft();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(1, length));
            while (frame.dataBytesLeft() > 0) {
                int at = length - frame.dataBytesLeft();
                frame.copyTo(memory.asSlice(at, 1 + random.nextInt(frame.dataBytesLeft())));
            }
            return ByteString.copyFrom(memory.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private static UnknownFieldSet unknownFields(RandomGenerator random) {
        return UnknownFieldSet.newBuilder()
                .addField(
                        100,
                        UnknownFieldSet.Field.newBuilder()
                                .addVarint(random.nextLong())
                                .build())
                .addField(
                        101,
                        UnknownFieldSet.Field.newBuilder()
                                .addFixed32(random.nextInt())
                                .build())
                .addField(
                        102,
                        UnknownFieldSet.Field.newBuilder()
                                .addFixed64(random.nextLong())
                                .build())
                .addField(
                        103,
                        UnknownFieldSet.Field.newBuilder()
                                .addLengthDelimited(randomBytes(random, 50))
                                .build())
                .build();
    }

    private static ByteString randomBytes(RandomGenerator random, int most) {
        byte[] bytes = new byte[random.nextInt(most + 1)];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }
}
