package kvstore.server;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;

/** Puts chunks of all sizes on one stream until the daemon has gone, and tells the model of every answer as it comes. */
final class CrashWriter implements Runnable {
    private static final int FRAME_BYTES = 512 * 1024;

    /** Chunks sent and not answered. */
    private static final int OUTSTANDING = 3;

    private final String name;
    private final Random random;
    private final Channel channel;
    private final CrashModel model;
    private final List<String> oldKeys;
    private final long bytesMax;
    private final Semaphore free = new Semaphore(OUTSTANDING);
    private final Map<Integer, Sent> sent = new ConcurrentHashMap<>();
    private volatile boolean ended;

    private record Sent(String key, int length) {}

    /**
     * @param name unique over all rounds
     * @param oldKeys of this writer alone
     * @param bytesMax stops to put after so many
     */
    CrashWriter(String name, long seed, Channel channel, CrashModel model, List<String> oldKeys, long bytesMax) {
        this.name = name;
        this.random = new Random(seed);
        this.channel = channel;
        this.model = model;
        this.oldKeys = oldKeys;
        this.bytesMax = bytesMax;
    }

    @Override
    public void run() {
        StreamObserver<PutRequest> stream = KvStoreGrpc.newStub(channel).put(new Answers());
        long bytes = 0;
        for (int index = 0; bytes < bytesMax; index++) {
            free.acquireUninterruptibly();
            if (ended) {
                return;
            }
            Sent next = next(index);
            sent.put(index, next);
            model.sending(next.key(), next.length());
            ByteString value = Payloads.bytes(next.key(), next.length());
            GeneratedStubs.messages(next.key(), value, FRAME_BYTES).forEach(stream::onNext);
            bytes += next.length();
        }
        stream.onCompleted();
    }

    /** Mostly new keys; some old ones with the same value, and some with another. */
    private Sent next(int index) {
        int kind = random.nextInt(10);
        if (kind >= 2 || oldKeys.isEmpty()) {
            return new Sent(name + "-" + index, newLength());
        }
        String key = oldKeys.remove(random.nextInt(oldKeys.size()));
        return new Sent(key, kind == 0 ? newLength() : model.length(key));
    }

    /** 1 byte to 20 MiB, as many of 1 to 2 KiB as of 1 to 2 MiB; and some more large ones, which take long to write. */
    private int newLength() {
        if (random.nextInt(10) == 0) {
            return 1 + random.nextInt(Payloads.LENGTH_MAX);
        }
        return (int) Math.exp(random.nextDouble() * Math.log(Payloads.LENGTH_MAX));
    }

    private final class Answers implements StreamObserver<PutResponse> {
        @Override
        public void onNext(PutResponse answer) {
            Sent chunk = sent.remove(answer.getIndex());
            if (chunk != null) {
                model.answered(chunk.key(), chunk.length(), answer.getStatus());
            }
            free.release();
        }

        @Override
        public void onError(Throwable failure) {
            end();
        }

        @Override
        public void onCompleted() {
            end();
        }

        private void end() {
            ended = true;
            free.release();
        }
    }
}
