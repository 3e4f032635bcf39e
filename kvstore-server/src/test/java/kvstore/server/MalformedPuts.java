package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.PutBegin;
import kvstore.v1.PutReason;
import kvstore.v1.PutRequest;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;

/** Put streams that break the contract: only the chunk that is wrong suffers, and where the call ends it says why. */
final class MalformedPuts {
    private static final int FRAME_BYTES = 512 * 1024;
    private static final int KEY_BYTES_MAX = 1024;
    private static final long VALUE_BYTES_MAX = 64L << 20;

    /** A field that no version of the contract has yet. */
    private static final UnknownFieldSet LATER_FIELD = UnknownFieldSet.newBuilder()
            .addField(
                    1000,
                    UnknownFieldSet.Field.newBuilder()
                            .addLengthDelimited(ByteString.copyFromUtf8("later"))
                            .addVarint(7)
                            .addFixed32(7)
                            .addFixed64(7)
                            .build())
            .build();

    private MalformedPuts() {}

    static List<Scenario> all() {
        return List.of(
                new Scenario("an empty key", peer -> rejectedKey(peer, 0)),
                new Scenario("a key over the limit", peer -> rejectedKey(peer, KEY_BYTES_MAX + 1)),
                new Scenario("the longest key", MalformedPuts::longestKey),
                new Scenario("no length", peer -> rejectedLength(peer, 0, 0)),
                new Scenario("a length over the limit", peer -> rejectedLength(peer, VALUE_BYTES_MAX + 1, 1000)),
                new Scenario("a length of 2^64 - 1", peer -> rejectedLength(peer, -1, 1000)),
                new Scenario("a length of 2^63", peer -> rejectedLength(peer, Long.MIN_VALUE, 1000)),
                new Scenario("more bytes than announced, in one frame", MalformedPuts::moreInOneFrame),
                new Scenario("more bytes than announced, in a later frame", MalformedPuts::moreInALaterFrame),
                new Scenario("more bytes than announced, of a stored chunk", MalformedPuts::moreOfAStoredChunk),
                new Scenario("fewer bytes than announced, then the end", MalformedPuts::fewerThenTheEnd),
                new Scenario("fewer bytes than announced, then a begin", MalformedPuts::fewerThenABegin),
                new Scenario("data before any begin", MalformedPuts::dataBeforeBegin),
                new Scenario("a frame over the limit", MalformedPuts::frameOverTheLimit),
                new Scenario("a message over the limit", MalformedPuts::messageOverTheLimit),
                new Scenario("begin behind data", MalformedPuts::beginBehindData),
                new Scenario("fields of a later version", MalformedPuts::unknownFields),
                new Scenario("a client id over the limit", MalformedPuts::clientIdOverTheLimit),
                new Scenario("garbage first", peer -> garbage(peer, 0)),
                new Scenario("garbage inside a chunk", peer -> garbage(peer, 1000)),
                new Scenario("messages with nothing in them", MalformedPuts::emptyMessages),
                new Scenario("a stream with nothing in it", MalformedPuts::emptyStream),
                Scenario.slow("answers that nobody reads", MalformedPuts::answersThatNobodyReads));
    }

    private static void rejectedKey(Peer peer, int keyBytes) {
        PutBegin bad = PutBegin.newBuilder()
                .setKey(peer.bytes(keyBytes))
                .setLength(1000)
                .build();
        PutResponse answer = betweenGoodOnes(peer, bad, peer.bytes(1000));
        assertRejected(answer, PutReason.PUT_REASON_BAD_KEY, "begin.key", keyBytes + " bytes", "1024");
    }

    private static void longestKey(Peer peer) {
        ByteString key = peer.bytes(KEY_BYTES_MAX);
        PutBegin begin = PutBegin.newBuilder().setKey(key).setLength(1000).build();
        assertThat(betweenGoodOnes(peer, begin, peer.bytes(1000)).getStatus()).isEqualTo(PutStatus.PUT_STATUS_STORED);
    }

    private static void rejectedLength(Peer peer, long length, int dataBytes) {
        PutResponse answer = betweenGoodOnes(peer, GeneratedStubs.begin(peer.newKey(), length), peer.bytes(dataBytes));
        assertRejected(
                answer,
                PutReason.PUT_REASON_BAD_LENGTH,
                "begin.length",
                Long.toUnsignedString(length),
                Long.toString(VALUE_BYTES_MAX));
    }

    private static void moreInOneFrame(Peer peer) {
        String key = peer.newKey();
        afterAGoodOne(
                peer,
                List.of(message(GeneratedStubs.begin(key, 1000), peer.bytes(1001))),
                "begin.length",
                "1 bytes more");
        assertAbsent(peer, key);
    }

    private static void moreInALaterFrame(Peer peer) {
        String key = peer.newKey();
        afterAGoodOne(
                peer,
                List.of(
                        message(GeneratedStubs.begin(key, 1000), peer.bytes(999)),
                        PutRequest.newBuilder().setData(peer.bytes(2)).build()),
                "begin.length",
                "1 bytes more");
        assertAbsent(peer, key);
    }

    /** The chunk was answered before its bytes came, which does not make them right. */
    private static void moreOfAStoredChunk(Peer peer) {
        String key = peer.newKey();
        ByteString value = peer.bytes(1000);
        assertStored(peer.stubs().put(key, value));
        afterAGoodOne(peer, List.of(message(GeneratedStubs.begin(key, 1000), peer.bytes(1001))), "begin.length");
        assertThat(peer.stubs().get(key).data()).isEqualTo(value);
    }

    private static void fewerThenTheEnd(Peer peer) {
        for (int sent : new int[] {0, 1, 99_999}) {
            String key = peer.newKey();
            List<PutRequest> messages = new ArrayList<>(good(peer));
            messages.add(message(GeneratedStubs.begin(key, 100_000), peer.bytes(sent)));
            List<PutResponse> answers = answers(peer, messages);
            assertStored(answers.get(0));
            assertRejected(answers.get(1), PutReason.PUT_REASON_TRUNCATED, "100000 bytes");
            assertAbsent(peer, key);
        }
    }

    private static void fewerThenABegin(Peer peer) {
        String key = peer.newKey();
        for (int sent : new int[] {0, 1, FRAME_BYTES}) {
            PutResponse answer = betweenGoodOnes(peer, GeneratedStubs.begin(key, FRAME_BYTES + 1), peer.bytes(sent));
            assertRejected(answer, PutReason.PUT_REASON_TRUNCATED, FRAME_BYTES + 1 + " bytes");
        }
        assertAbsent(peer, key);
    }

    private static void dataBeforeBegin(Peer peer) {
        OpenCall<PutRequest, PutResponse> call = peer.put();
        call.send(PutRequest.newBuilder().setData(peer.bytes(1)).build());
        assertInvalid(call.end(), "begin");
    }

    private static void frameOverTheLimit(Peer peer) {
        afterAGoodOne(
                peer,
                List.of(message(GeneratedStubs.begin(peer.newKey(), 1 << 20), peer.bytes(FRAME_BYTES + 1))),
                "data has",
                Integer.toString(FRAME_BYTES));
    }

    private static void messageOverTheLimit(Peer peer) {
        int bytes = 10 << 20;
        OpenCall<PutRequest, PutResponse> call = peer.put();
        call.send(message(GeneratedStubs.begin(peer.newKey(), bytes), peer.bytes(bytes)));
        Status end = call.end();
        // gRPC refuses it before the daemon sees it, and can send no status once the call has begun to answer.
        assertThat(end.getCode()).as("%s", end).isIn(Status.Code.RESOURCE_EXHAUSTED, Status.Code.CANCELLED);
    }

    private static void beginBehindData(Peer peer) {
        ByteString data =
                PutRequest.newBuilder().setData(peer.bytes(10)).build().toByteString();
        ByteString begin = PutRequest.newBuilder()
                .setBegin(GeneratedStubs.begin(peer.newKey(), 10))
                .build()
                .toByteString();
        OpenCall<byte[], byte[]> alone = peer.rawPut();
        alone.send(data.concat(begin).toByteArray());
        assertInvalid(alone.end(), "begin");
        OpenCall<byte[], byte[]> inAChunk = peer.rawPut();
        inAChunk.send(begin.toByteArray()).send(data.concat(begin).toByteArray());
        assertInvalid(inAChunk.end(), "begin or data after data");
    }

    private static void unknownFields(Peer peer) {
        String key = peer.newKey();
        ByteString value = peer.bytes(1000);
        PutRequest first = PutRequest.newBuilder()
                .setBegin(GeneratedStubs.begin(key, 1000).toBuilder().setUnknownFields(LATER_FIELD))
                .setData(value.substring(0, 400))
                .setUnknownFields(LATER_FIELD)
                .build();
        PutRequest between =
                PutRequest.newBuilder().setUnknownFields(LATER_FIELD).build();
        PutRequest second = PutRequest.newBuilder()
                .setData(value.substring(400))
                .setUnknownFields(LATER_FIELD)
                .build();
        assertStored(answers(peer, List.of(first, between, second)).get(0));
        assertThat(peer.stubs().get(key).data()).isEqualTo(value);
    }

    private static void clientIdOverTheLimit(Peer peer) {
        afterAGoodOne(
                peer,
                List.of(message(
                        GeneratedStubs.begin(peer.newKey(), 1000).toBuilder()
                                .setClientId("c".repeat(65))
                                .build(),
                        peer.bytes(1000))),
                "client_id",
                "64");
    }

    /** Cuts short what a generated class would write: a begin that claims to be longer than its message. */
    private static void garbage(Peer peer, int chunkBytes) {
        OpenCall<byte[], byte[]> call = peer.rawPut();
        if (chunkBytes > 0) {
            call.send(message(GeneratedStubs.begin(peer.newKey(), chunkBytes), peer.bytes(chunkBytes - 1))
                    .toByteArray());
        }
        call.send(new byte[] {0x0a, 0x7f, 1, 2, 3});
        assertInvalid(call.end(), "PutRequest");
    }

    private static void emptyMessages(Peer peer) {
        List<PutRequest> messages = new ArrayList<>();
        messages.add(PutRequest.getDefaultInstance());
        for (PutRequest message : good(peer)) {
            messages.add(message);
            messages.add(PutRequest.getDefaultInstance());
        }
        assertStored(answers(peer, messages).get(0));
    }

    private static void emptyStream(Peer peer) {
        OpenCall<PutRequest, PutResponse> call = peer.put().halfClose();
        assertThat(call.end().isOk()).isTrue();
        assertThat(call.answers()).isEmpty();
    }

    /** The daemon must not keep more and more of them: it stops to read, and ends the call when that lasts. */
    private static void answersThatNobodyReads(Peer peer) {
        int chunks = 20_000;
        long endedBefore = ended(peer);
        long answeredBefore = answeredBadKeys(peer);
        OpenCall<PutRequest, PutResponse> call = OpenCall.start(peer.channel(), KvStoreGrpc.getPutMethod());
        PutRequest bad = PutRequest.newBuilder()
                .setBegin(PutBegin.newBuilder().setLength(1000))
                .build();
        for (int i = 0; i < chunks; i++) {
            call.send(bad);
        }
        Await.until(() -> ended(peer), endedBefore + 1);
        Status end = call.requestAll().end();
        assertThat(end.getCode()).as("%s", end).isIn(Status.Code.DEADLINE_EXCEEDED, Status.Code.CANCELLED);
        assertThat(answeredBadKeys(peer) - answeredBefore).isBetween(1L, chunks - 1L);
    }

    private static long answeredBadKeys(Peer peer) {
        return Scrape.of(peer.daemon()).count("kvstore_put_chunks_total", "reason=\"bad_key\"");
    }

    private static long ended(Peer peer) {
        return Scrape.of(peer.daemon()).count("kvstore_rpc_total", "rpc=\"put\"", "code=\"deadline_exceeded\"");
    }

    /** Sends a chunk with good ones before and behind it, and returns its answer once theirs were seen to be right. */
    private static PutResponse betweenGoodOnes(Peer peer, PutBegin begin, ByteString data) {
        List<PutRequest> messages = new ArrayList<>(good(peer));
        messages.add(message(begin, data));
        messages.addAll(good(peer));
        List<PutResponse> answers = answers(peer, messages);
        assertThat(answers).hasSize(3);
        assertStored(answers.get(0));
        assertStored(answers.get(2));
        return answers.get(1);
    }

    /** Sends messages that end the call, behind a chunk that is answered all the same. */
    private static void afterAGoodOne(Peer peer, List<PutRequest> bad, String... inMessage) {
        OpenCall<PutRequest, PutResponse> call =
                peer.put().sendAll(good(peer)).sendAll(bad).sendAll(good(peer)).halfClose();
        assertInvalid(call.end(), inMessage);
        assertThat(call.answers())
                .filteredOn(answer -> answer.getIndex() == 0)
                .singleElement()
                .satisfies(MalformedPuts::assertStored);
    }

    /** One frame and a bit, so that the chunk goes on behind its first message. */
    private static List<PutRequest> good(Peer peer) {
        return GeneratedStubs.messages(peer.newKey(), peer.bytes(FRAME_BYTES + 10), FRAME_BYTES);
    }

    private static PutRequest message(PutBegin begin, ByteString data) {
        return PutRequest.newBuilder().setBegin(begin).setData(data).build();
    }

    private static List<PutResponse> answers(Peer peer, List<PutRequest> messages) {
        OpenCall<PutRequest, PutResponse> call = peer.put().sendAll(messages).halfClose();
        Status end = call.end();
        assertThat(end.isOk()).as("%s", end).isTrue();
        return call.answers().stream()
                .sorted(Comparator.comparingInt(PutResponse::getIndex))
                .toList();
    }

    private static void assertStored(PutResponse answer) {
        assertThat(answer.getStatus()).as("%s", answer).isEqualTo(PutStatus.PUT_STATUS_STORED);
    }

    private static void assertRejected(PutResponse answer, PutReason reason, String... inMessage) {
        assertThat(answer.getStatus()).as("%s", answer).isEqualTo(PutStatus.PUT_STATUS_REJECTED);
        assertThat(answer.getReason()).as("%s", answer).isEqualTo(reason);
        assertThat(answer.getMessage()).contains(inMessage);
    }

    private static void assertInvalid(Status end, String... inMessage) {
        assertThat(end.getCode()).as("%s", end).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(end.getDescription()).contains(inMessage);
    }

    private static void assertAbsent(Peer peer, String key) {
        assertThat(peer.stubs().lookup(key).getLeadingHits()).as(key).isZero();
    }
}
