package kvstore.server;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import kvstore.v1.AdminGrpc;
import kvstore.v1.GetRequest;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.LookupRequest;
import kvstore.v1.LookupResponse;
import kvstore.v1.PutBegin;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;

/** A client that knows nothing but the generated classes, as any language would have it. */
public final class GeneratedStubs {
    private static final int FRAME_BYTES = 512 * 1024;
    private static final long DEADLINE_SECONDS = 30;

    private final Channel channel;

    public GeneratedStubs(Channel channel) {
        this.channel = channel;
    }

    /** What a Get said of one key. */
    public record Got(GetResponse last, ByteString data) {
        public boolean hit() {
            return last.getStatus() == GetStatus.GET_STATUS_HIT;
        }
    }

    public KvStoreGrpc.KvStoreBlockingStub blocking() {
        return KvStoreGrpc.newBlockingStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    public KvStoreGrpc.KvStoreStub async() {
        return KvStoreGrpc.newStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    public AdminGrpc.AdminBlockingStub admin() {
        return AdminGrpc.newBlockingStub(channel).withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    /** Stores one value. */
    public PutResponse put(String key, ByteString value) {
        return put(List.of(Map.entry(key, value))).get(0);
    }

    /** Stores values on one stream; the answers in the order of the chunks. */
    public List<PutResponse> put(List<Map.Entry<String, ByteString>> chunks) {
        List<PutRequest> messages = new ArrayList<>();
        for (Map.Entry<String, ByteString> chunk : chunks) {
            messages.addAll(messages(chunk.getKey(), chunk.getValue(), FRAME_BYTES));
        }
        return send(messages);
    }

    /** A value as the contract wants it: begin with the first bytes, then the rest in frames. */
    public static List<PutRequest> messages(String key, ByteString value, int frameBytes) {
        List<PutRequest> messages = new ArrayList<>();
        for (int at = 0; at < value.size(); at += frameBytes) {
            PutRequest.Builder message =
                    PutRequest.newBuilder().setData(value.substring(at, Math.min(value.size(), at + frameBytes)));
            if (at == 0) {
                message.setBegin(begin(key, value.size()));
            }
            messages.add(message.build());
        }
        return messages;
    }

    public static PutBegin begin(String key, long length) {
        return PutBegin.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setLength(length)
                .build();
    }

    /**
     * Sends messages on one Put stream and closes it.
     *
     * @throws java.util.concurrent.CompletionException with the StatusRuntimeException, if the call fails
     */
    public List<PutResponse> send(List<PutRequest> messages) {
        Collector<PutResponse> answers = new Collector<>();
        StreamObserver<PutRequest> stream = async().put(answers);
        messages.forEach(stream::onNext);
        stream.onCompleted();
        Map<Integer, PutResponse> byIndex = new TreeMap<>();
        answers.all().join().forEach(answer -> byIndex.put(answer.getIndex(), answer));
        return List.copyOf(byIndex.values());
    }

    /** Reads one value of any length. */
    public Got get(String key) {
        return get(List.of(key)).get(0);
    }

    public List<Got> get(List<String> keys) {
        GetRequest.Builder request = GetRequest.newBuilder();
        keys.forEach(key -> request.addKeys(ByteString.copyFromUtf8(key)));
        return get(request.build());
    }

    public List<Got> get(GetRequest request) {
        List<Got> results = new ArrayList<>();
        List<ByteString> parts = new ArrayList<>();
        Iterator<GetResponse> responses = blocking().get(request);
        while (responses.hasNext()) {
            GetResponse response = responses.next();
            parts.add(response.getData());
            if (response.getStatus() != GetStatus.GET_STATUS_UNSPECIFIED) {
                results.add(new Got(response, ByteString.copyFrom(parts)));
                parts.clear();
            }
        }
        return results;
    }

    public LookupResponse lookup(String... keys) {
        LookupRequest.Builder request = LookupRequest.newBuilder();
        for (String key : keys) {
            request.addKeys(ByteString.copyFromUtf8(key));
        }
        return blocking().lookup(request.build());
    }

    /** Everything that a stream answers, once it has ended. */
    public static final class Collector<T> implements StreamObserver<T> {
        private final List<T> answers = new ArrayList<>();
        private final CompletableFuture<List<T>> all = new CompletableFuture<>();

        public CompletableFuture<List<T>> all() {
            return all;
        }

        @Override
        public void onNext(T answer) {
            answers.add(answer);
        }

        @Override
        public void onError(Throwable failure) {
            all.completeExceptionally(failure);
        }

        @Override
        public void onCompleted() {
            all.complete(answers);
        }
    }
}
