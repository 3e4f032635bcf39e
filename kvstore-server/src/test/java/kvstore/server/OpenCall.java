package kvstore.server;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A call that is taken step by step, for clients that stop in the middle, read nothing, or send what no generated class
 * would. Answers are asked for only by {@link #request}.
 */
final class OpenCall<Q, A> {
    private static final int END_SECONDS = 30;

    private final ClientCall<Q, A> call;
    private final List<A> answers = new ArrayList<>();
    private final CompletableFuture<Status> ended = new CompletableFuture<>();

    private OpenCall(ClientCall<Q, A> call) {
        this.call = call;
    }

    static <Q, A> OpenCall<Q, A> start(Channel channel, MethodDescriptor<Q, A> method) {
        return start(channel, method, CallOptions.DEFAULT);
    }

    static <Q, A> OpenCall<Q, A> start(Channel channel, MethodDescriptor<Q, A> method, CallOptions options) {
        OpenCall<Q, A> open = new OpenCall<>(channel.newCall(method, options));
        open.call.start(open.new Listener(), new Metadata());
        return open;
    }

    /** The method with messages that are just bytes. */
    static MethodDescriptor<byte[], byte[]> raw(MethodDescriptor<?, ?> method) {
        return method.toBuilder(new Bytes(), new Bytes()).build();
    }

    OpenCall<Q, A> send(Q message) {
        call.sendMessage(message);
        return this;
    }

    OpenCall<Q, A> sendAll(List<? extends Q> messages) {
        messages.forEach(call::sendMessage);
        return this;
    }

    OpenCall<Q, A> halfClose() {
        call.halfClose();
        return this;
    }

    OpenCall<Q, A> request(int count) {
        call.request(count);
        return this;
    }

    OpenCall<Q, A> requestAll() {
        return request(Integer.MAX_VALUE);
    }

    void cancel() {
        call.cancel("the test wants it", null);
    }

    List<A> answers() {
        synchronized (answers) {
            return List.copyOf(answers);
        }
    }

    boolean isEnded() {
        return ended.isDone();
    }

    /** Waits for the end. */
    Status end() {
        return ended.orTimeout(END_SECONDS, TimeUnit.SECONDS).join();
    }

    private final class Listener extends ClientCall.Listener<A> {
        @Override
        public void onMessage(A answer) {
            synchronized (answers) {
                answers.add(answer);
            }
        }

        @Override
        public void onClose(Status status, @Nullable Metadata trailers) {
            ended.complete(status);
        }
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream message) {
            try {
                return message.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
