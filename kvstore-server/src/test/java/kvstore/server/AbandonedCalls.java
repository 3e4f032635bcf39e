package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Status;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import kvstore.v1.GetRequest;
import kvstore.v1.GetResponse;
import kvstore.v1.GetStatus;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;
import org.awaitility.Awaitility;

/** Clients that go away, or stop, at every point of a transfer: what they held is given back. */
final class AbandonedCalls {
    private static final int MIB = 1 << 20;
    private static final int FRAME_BYTES = 512 * 1024;

    private AbandonedCalls() {}

    static List<Scenario> all() {
        return List.of(
                new Scenario("a put cancelled before its begin", AbandonedCalls::cancelledBeforeBegin),
                new Scenario("a put cancelled after its begin", peer -> cancelledAfter(peer, 1000, 0)),
                new Scenario("a put cancelled inside a chunk", peer -> cancelledAfter(peer, MIB, 1)),
                new Scenario("a put cancelled in the second slab", peer -> cancelledAfter(peer, 40 * MIB, 17 * MIB)),
                new Scenario("a put cancelled before its status", AbandonedCalls::cancelledBeforeStatus),
                new Scenario("a put whose connection breaks", AbandonedCalls::connectionBreaks),
                new Scenario("a put past its client's deadline", AbandonedCalls::putPastItsDeadline),
                Scenario.slow("a put that stalls before its begin", peer -> stalledPut(peer, 0)),
                Scenario.slow("a put that stalls inside a chunk", peer -> stalledPut(peer, 17 * MIB)),
                new Scenario("a get cancelled on the way", AbandonedCalls::cancelledGet),
                new Scenario("a get past its client's deadline", AbandonedCalls::getPastItsDeadline),
                new Scenario("a get of a put that never ends", AbandonedCalls::getOfAPutThatNeverEnds),
                Scenario.slow("gets that are never read", AbandonedCalls::getsThatAreNeverRead));
    }

    private static void cancelledBeforeBegin(Peer peer) {
        OpenCall<PutRequest, PutResponse> call = peer.put();
        call.cancel();
        assertThat(call.end().getCode()).isEqualTo(Status.Code.CANCELLED);
    }

    private static void cancelledAfter(Peer peer, int length, int sentBytes) {
        String key = peer.newKey();
        OpenCall<PutRequest, PutResponse> call = begun(peer, key, length, sentBytes);
        call.cancel();
        assertThat(call.end().getCode()).isEqualTo(Status.Code.CANCELLED);
        Idle.await(peer.daemon());
        assertThat(peer.stubs().lookup(key).getLeadingHits()).isZero();
    }

    /** Whether it is stored is a matter of luck; half of it is not. */
    private static void cancelledBeforeStatus(Peer peer) {
        String key = peer.newKey();
        ByteString value = peer.bytes(3 * MIB);
        OpenCall<PutRequest, PutResponse> call = peer.put().sendAll(GeneratedStubs.messages(key, value, FRAME_BYTES));
        call.cancel();
        Idle.await(peer.daemon());
        GeneratedStubs.Got got = peer.stubs().get(key);
        assertThat(got.hit() ? got.data() : value).isEqualTo(value);
    }

    private static void connectionBreaks(Peer peer) {
        OpenCall<PutRequest, PutResponse> call = begun(peer, peer.newKey(), 40 * MIB, 17 * MIB);
        peer.close();
        assertThat(call.end().isOk()).isFalse();
    }

    private static void putPastItsDeadline(Peer peer) {
        OpenCall<PutRequest, PutResponse> call = OpenCall.start(
                        peer.channel(),
                        KvStoreGrpc.getPutMethod(),
                        CallOptions.DEFAULT.withDeadlineAfter(300, TimeUnit.MILLISECONDS))
                .requestAll();
        call.send(PutRequest.newBuilder()
                .setBegin(GeneratedStubs.begin(peer.newKey(), MIB))
                .setData(peer.bytes(1000))
                .build());
        assertThat(call.end().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    private static void stalledPut(Peer peer, int sentBytes) {
        OpenCall<PutRequest, PutResponse> call =
                sentBytes == 0 ? peer.put() : begun(peer, peer.newKey(), 40 * MIB, sentBytes);
        Status end = call.end();
        assertThat(end.getCode()).as("%s", end).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(end.getDescription()).contains("sent nothing");
    }

    private static void cancelledGet(Peer peer) {
        OpenCall<GetRequest, GetResponse> call = get(peer.channel(), CallOptions.DEFAULT, storedLarge(peer));
        call.request(1);
        Awaitility.await().until(() -> !call.answers().isEmpty());
        call.cancel();
        assertThat(call.end().getCode()).isEqualTo(Status.Code.CANCELLED);
    }

    private static void getPastItsDeadline(Peer peer) {
        CallOptions soon = CallOptions.DEFAULT.withDeadlineAfter(300, TimeUnit.MILLISECONDS);
        OpenCall<GetRequest, GetResponse> call = get(peer.channel(), soon, storedLarge(peer));
        assertThat(call.request(1).end().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    /** The get waits for the put, and its deadline ends that. */
    private static void getOfAPutThatNeverEnds(Peer peer) {
        String key = peer.newKey();
        OpenCall<PutRequest, PutResponse> put = begun(peer, key, MIB, 1);
        CallOptions soon = CallOptions.DEFAULT.withDeadlineAfter(300, TimeUnit.MILLISECONDS);
        OpenCall<GetRequest, GetResponse> call = get(peer.channel(), soon, key);
        assertThat(call.requestAll().end().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        Awaitility.await()
                .atMost(1500, TimeUnit.MILLISECONDS)
                .until(() -> Scrape.of(peer.daemon()).gauge("kvstore_in_flight_transfers", "direction=\"get\"") == 0);
        put.cancel();
    }

    /** Each could hold several slabs for ever; meanwhile others are served. */
    private static void getsThatAreNeverRead(Peer peer) {
        String key = storedLarge(peer);
        String small = peer.newKey();
        ByteString value = peer.bytes(1000);
        assertThat(peer.stubs().put(small, value).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        long endedBefore = ended(peer);
        List<OpenCall<GetRequest, GetResponse>> calls = Stream.generate(
                        () -> get(peer.anotherChannel(), CallOptions.DEFAULT, key))
                .limit(6)
                .toList();
        GeneratedStubs other = new GeneratedStubs(peer.anotherChannel());
        assertThat(other.lookup(small).getLeadingHits()).isEqualTo(1);
        assertThat(other.get(small).data()).isEqualTo(value);
        Idle.await(peer.daemon());
        // Not only their slabs are given back: what was sent and never read waits in Netty's buffers until a call ends.
        Await.until(() -> ended(peer), endedBefore + calls.size());
        for (OpenCall<GetRequest, GetResponse> call : calls) {
            Status end = call.requestAll().end();
            assertThat(end.getCode()).as("%s", end).isIn(Status.Code.DEADLINE_EXCEEDED, Status.Code.CANCELLED);
            assertThat(call.answers()).noneMatch(answer -> answer.getStatus() == GetStatus.GET_STATUS_HIT);
        }
    }

    private static long ended(Peer peer) {
        return Scrape.of(peer.daemon()).count("kvstore_rpc_total", "rpc=\"get\"", "code=\"deadline_exceeded\"");
    }

    /** A put that has sent so much of its chunk, and of which the daemon knows. */
    static OpenCall<PutRequest, PutResponse> begun(Peer peer, String key, int length, int sentBytes) {
        OpenCall<PutRequest, PutResponse> call = peer.put();
        call.send(PutRequest.newBuilder()
                .setBegin(GeneratedStubs.begin(key, length))
                .build());
        for (int sent = 0; sent < sentBytes; sent += FRAME_BYTES) {
            call.send(PutRequest.newBuilder()
                    .setData(peer.bytes(Math.min(FRAME_BYTES, sentBytes - sent)))
                    .build());
        }
        String figure = sentBytes > 0 ? "kvstore_memory_used_bytes" : "kvstore_in_flight_transfers";
        Awaitility.await().until(() -> Scrape.of(peer.daemon()).gauge(figure) > 0);
        return call;
    }

    /** More than the socket, the client's window and the daemon's read-ahead take together. */
    private static String storedLarge(Peer peer) {
        String key = "large";
        if (peer.stubs().lookup(key).getLeadingHits() == 0) {
            assertThat(peer.stubs().put(key, peer.bytes(60 * MIB)).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
        }
        return key;
    }

    private static OpenCall<GetRequest, GetResponse> get(Channel channel, CallOptions options, String key) {
        GetRequest request =
                GetRequest.newBuilder().addKeys(ByteString.copyFromUtf8(key)).build();
        return OpenCall.start(channel, KvStoreGrpc.getGetMethod(), options)
                .send(request)
                .halfClose();
    }
}
