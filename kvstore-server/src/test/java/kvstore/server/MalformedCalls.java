package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import kvstore.v1.AdminGrpc;
import kvstore.v1.DeleteRequest;
import kvstore.v1.GetRequest;
import kvstore.v1.HelloRequest;
import kvstore.v1.KvStoreGrpc;
import kvstore.v1.ListRequest;
import kvstore.v1.LookupRequest;
import kvstore.v1.MatchPrefixRequest;
import kvstore.v1.MpKeys;
import kvstore.v1.ReleaseRequest;

/** Calls other than Put that break the contract: each ends with an error that names the field and the limit. */
final class MalformedCalls {
    private static final int KEYS_MAX = 8192;
    private static final int KEY_BYTES_MAX = 1024;
    private static final int TOKENS_MAX = 1 << 20;

    /** A field that claims to be longer than its message. */
    private static final byte[] GARBAGE = {0x0a, 0x7f, 1, 2, 3};

    /** What no version of the contract has yet. */
    private static final ByteString LATER_FIELD = UnknownFieldSet.newBuilder()
            .addField(1000, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
            .build()
            .toByteString();

    private MalformedCalls() {}

    static List<Scenario> all() {
        return Stream.of(
                        keys("no keys", List.of(), Status.Code.INVALID_ARGUMENT, "keys is empty", "8192"),
                        keys(
                                "an empty key",
                                List.of(key(1), key(0)),
                                Status.Code.INVALID_ARGUMENT,
                                "keys[1] has 0 bytes",
                                "1024"),
                        keys(
                                "a key over the limit",
                                List.of(key(KEY_BYTES_MAX), key(KEY_BYTES_MAX + 1)),
                                Status.Code.INVALID_ARGUMENT,
                                "keys[1] has 1025 bytes",
                                "1024"),
                        keys(
                                "more keys than allowed",
                                Collections.nCopies(KEYS_MAX + 1, key(1)),
                                Status.Code.RESOURCE_EXHAUSTED,
                                "keys has 8193",
                                "8192"),
                        keys(
                                "more keys than fit into a message",
                                Collections.nCopies(3 * KEYS_MAX, key(KEY_BYTES_MAX)),
                                Status.Code.RESOURCE_EXHAUSTED,
                                "maximum size"),
                        other().stream(),
                        methods()
                                .map(method -> new Scenario(
                                        "garbage for " + method.getBareMethodName(), peer -> garbage(peer, method))),
                        methods()
                                .map(method -> new Scenario(
                                        "no message for " + method.getBareMethodName(),
                                        peer -> noMessage(peer, method))),
                        Stream.of(
                                new Scenario("fields of a later version", MalformedCalls::unknownFields),
                                new Scenario("garbage behind a GetRequest", MalformedCalls::garbageBehindGet)))
                .flatMap(scenarios -> scenarios)
                .toList();
    }

    /** The same list of keys for every call that takes one. */
    private static Stream<Scenario> keys(String name, List<ByteString> keys, Status.Code code, String... inMessage) {
        return Stream.of(
                refused(
                        name + " in Lookup",
                        KvStoreGrpc.getLookupMethod(),
                        LookupRequest.newBuilder().addAllKeys(keys).build(),
                        code,
                        inMessage),
                refused(
                        name + " in Get",
                        KvStoreGrpc.getGetMethod(),
                        GetRequest.newBuilder().addAllKeys(keys).build(),
                        code,
                        inMessage),
                refused(
                        name + " in Delete",
                        KvStoreGrpc.getDeleteMethod(),
                        DeleteRequest.newBuilder().addAllKeys(keys).build(),
                        code,
                        inMessage));
    }

    private static List<Scenario> other() {
        return List.of(
                refused(
                        "two lengths for three keys",
                        KvStoreGrpc.getGetMethod(),
                        GetRequest.newBuilder()
                                .addAllKeys(Collections.nCopies(3, key(1)))
                                .addExpectedLengths(1)
                                .addExpectedLengths(2)
                                .build(),
                        Status.Code.INVALID_ARGUMENT,
                        "expected_lengths has 2 entries for 3 keys"),
                refused(
                        "a client id over the limit",
                        KvStoreGrpc.getLookupMethod(),
                        LookupRequest.newBuilder()
                                .addKeys(key(1))
                                .setClientId("ä".repeat(33))
                                .build(),
                        Status.Code.INVALID_ARGUMENT,
                        "client_id",
                        "64"),
                refused(
                        "a client name over the limit",
                        KvStoreGrpc.getHelloMethod(),
                        HelloRequest.newBuilder().setClientName("c".repeat(129)).build(),
                        Status.Code.INVALID_ARGUMENT,
                        "client_name",
                        "128"),
                refused(
                        "more leases than allowed",
                        KvStoreGrpc.getReleaseMethod(),
                        ReleaseRequest.newBuilder()
                                .addAllLeaseIds(LongStream.rangeClosed(0, KEYS_MAX)
                                        .boxed()
                                        .toList())
                                .build(),
                        Status.Code.RESOURCE_EXHAUSTED,
                        "lease_ids has 8193",
                        "8192"),
                refused(
                        "more tokens than allowed",
                        KvStoreGrpc.getMatchPrefixMethod(),
                        prompt(TOKENS_MAX + 1),
                        Status.Code.RESOURCE_EXHAUSTED,
                        "token_ids has 1048577",
                        "1048576"),
                refused(
                        "more tokens than fit into a message",
                        KvStoreGrpc.getMatchPrefixMethod(),
                        prompt(2 * TOKENS_MAX),
                        Status.Code.RESOURCE_EXHAUSTED,
                        "maximum size"),
                refused(
                        "a page over the limit",
                        AdminGrpc.getListMethod(),
                        ListRequest.newBuilder().setPageSize(1001).build(),
                        Status.Code.INVALID_ARGUMENT,
                        "page_size is 1001",
                        "1000"),
                refused(
                        "a page of 2^32 - 1",
                        AdminGrpc.getListMethod(),
                        ListRequest.newBuilder().setPageSize(-1).build(),
                        Status.Code.INVALID_ARGUMENT,
                        "page_size is 4294967295",
                        "1000"),
                refused(
                        "a page token of nobody",
                        AdminGrpc.getListMethod(),
                        ListRequest.newBuilder().setPageToken("4711-x").build(),
                        Status.Code.INVALID_ARGUMENT,
                        "page_token"));
    }

    private static Scenario refused(
            String name, MethodDescriptor<?, ?> method, Message request, Status.Code code, String... inMessage) {
        return new Scenario(name, peer -> {
            Status end = call(peer, method, request.toByteArray());
            assertThat(end.getCode()).as("%s", end).isEqualTo(code);
            assertThat(end.getDescription()).contains(inMessage);
        });
    }

    private static void garbage(Peer peer, MethodDescriptor<?, ?> method) {
        Status end = call(peer, method, GARBAGE);
        assertThat(end.getCode()).as("%s", end).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    private static void noMessage(Peer peer, MethodDescriptor<?, ?> method) {
        Status end = OpenCall.start(peer.channel(), OpenCall.raw(method))
                .requestAll()
                .halfClose()
                .end();
        assertThat(end.isOk()).as("%s", end).isFalse();
        assertThat(end.getDescription()).isNotEmpty();
    }

    private static void unknownFields(Peer peer) {
        String key = peer.newKey();
        peer.stubs().put(key, peer.bytes(1000));
        ByteString keys = LookupRequest.newBuilder()
                .addKeys(ByteString.copyFromUtf8(key))
                .build()
                .toByteString();
        methods().forEach(method -> {
            ByteString known = switch (String.valueOf(method.getBareMethodName())) {
                case "Lookup", "Get", "Delete" -> keys;
                case "MatchPrefix" -> prompt(1).toByteString();
                default -> ByteString.EMPTY;
            };
            ByteString request = LATER_FIELD.concat(known).concat(LATER_FIELD);
            Status end = call(peer, method, request.toByteArray());
            Status withoutThem = call(peer, method, known.toByteArray());
            // not always OK: there are calls that need a region
            assertThat(end.getCode())
                    .as("%s: %s", method.getFullMethodName(), end)
                    .isEqualTo(withoutThem.getCode());
            assertThat(end.getDescription()).isEqualTo(withoutThem.getDescription());
            assertThat(end.isOk() || known.isEmpty())
                    .as("%s: %s", method.getFullMethodName(), end)
                    .isTrue();
        });
    }

    private static void garbageBehindGet(Peer peer) {
        byte[] request = GetRequest.newBuilder().addKeys(key(1)).build().toByteArray();
        OpenCall<byte[], byte[]> call = OpenCall.start(peer.channel(), OpenCall.raw(KvStoreGrpc.getGetMethod()))
                .requestAll();
        call.send(request).send(GARBAGE).halfClose();
        assertThat(call.end().isOk()).isFalse();
    }

    private static Status call(Peer peer, MethodDescriptor<?, ?> method, byte[] request) {
        return OpenCall.start(peer.channel(), OpenCall.raw(method))
                .requestAll()
                .send(request)
                .halfClose()
                .end();
    }

    /** All that take one message. */
    private static Stream<MethodDescriptor<?, ?>> methods() {
        return Stream.concat(
                        KvStoreGrpc.getServiceDescriptor().getMethods().stream(),
                        AdminGrpc.getServiceDescriptor().getMethods().stream())
                .filter(method -> method.getType().clientSendsOneMessage())
                .<MethodDescriptor<?, ?>>map(method -> method);
    }

    private static MatchPrefixRequest prompt(int tokens) {
        return MatchPrefixRequest.newBuilder()
                .addAllTokenIds(Collections.nCopies(tokens, 1 << 28))
                .setMp(MpKeys.newBuilder().setModelName("m").setWorldSize(1))
                .build();
    }

    private static ByteString key(int bytes) {
        return ByteString.copyFrom(new byte[bytes]);
    }
}
