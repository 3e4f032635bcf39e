package kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NullMarked
@Timeout(60)
final class GetTransferTest {
    private static final int FRAMES = 3;
    private static final int FRAME_BYTES = 1000;

    /**
     * Of a call that began before its channel knew an address, gRPC gives the messages to the listener later, when their
     * streams are closed: {@code DelayedClientCall} of grpc-java. So it was with the first get of a client.
     */
    @Test
    void messagesThatReachTheListenerLate() throws Exception {
        byte[] value = Payloads.bytes(1, FRAMES * FRAME_BYTES);
        Failures failures = new Failures(new Target.Tcp("localhost", 1), Duration.ofSeconds(1));
        try (Arena arena = Arena.ofShared()) {
            Chunk chunk = Payloads.empty(arena, "k", value.length);
            List<GetResult> results = GetTransfer.start(
                            new LateChannel(value), CallOptions.DEFAULT, failures, List.of(chunk))
                    .get(10, TimeUnit.SECONDS);

            assertThat(results).containsExactly(new GetResult.Hit(value.length));
            assertThat(chunk.memory().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(value);
        }
    }

    /** Answers when it was asked: unmarshals all, closes all, and only then tells the listener. */
    private static final class LateChannel extends Channel {
        private final byte[] value;

        LateChannel(byte[] value) {
            this.value = value;
        }

        @Override
        public String authority() {
            return "late";
        }

        @Override
        public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
            return new ClientCall<>() {
                private @Nullable Listener<A> listener;

                @Override
                public void start(Listener<A> responseListener, Metadata headers) {
                    listener = responseListener;
                }

                @Override
                public void request(int messages) {}

                @Override
                public void cancel(@Nullable String message, @Nullable Throwable cause) {}

                @Override
                public void sendMessage(Q message) {}

                @Override
                public void halfClose() {
                    List<A> messages = IntStream.range(0, FRAMES)
                            .mapToObj(i -> unmarshalled(method, i))
                            .toList();
                    Listener<A> listening = Objects.requireNonNull(listener);
                    messages.forEach(listening::onMessage);
                    listening.onClose(Status.OK, new Metadata());
                }
            };
        }

        private <Q, A> A unmarshalled(MethodDescriptor<Q, A> method, int frame) {
            GetResponse response = GetResponse.newBuilder()
                    .setLength(frame == 0 ? value.length : 0)
                    .setData(ByteString.copyFrom(value, frame * FRAME_BYTES, FRAME_BYTES))
                    .setStatus(frame == FRAMES - 1 ? GetStatus.GET_STATUS_HIT : GetStatus.GET_STATUS_UNSPECIFIED)
                    .build();
            try (InputStream stream = new ClosingStream(response.toByteArray())) {
                return method.parseResponse(stream);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static final class ClosingStream extends ByteArrayInputStream {
        ClosingStream(byte[] bytes) {
            super(bytes);
        }

        @Override
        public void close() {
            // as gRPC's: nothing is left of the buffer
            pos = count;
        }
    }
}
