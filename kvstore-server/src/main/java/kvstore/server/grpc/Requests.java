package kvstore.server.grpc;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Tenant;
import kvstore.v1.GetRequest;

/** The rules of the contract that make a call impossible as a whole when they are broken. */
final class Requests {
    /** Longest client id, in bytes of UTF-8. */
    static final int MAX_CLIENT_ID_BYTES = 64;

    private Requests() {}

    /** @throws StatusRuntimeException INVALID_ARGUMENT or RESOURCE_EXHAUSTED, naming field and limit */
    static void checkKeys(List<ByteString> keys, int maxKeys) {
        checkCount("keys", keys.size(), maxKeys);
        for (int i = 0; i < keys.size(); i++) {
            int index = i;
            checkKey(() -> "keys[" + index + "]", keys.get(i));
        }
    }

    /** As {@link #checkKeys}, for how many there are of anything that has a key. */
    static void checkCount(String field, int count, int maxCount) {
        if (count == 0) {
            throw invalid(field + " is empty; 1 to " + maxCount + " are allowed");
        }
        if (count > maxCount) {
            throw exhausted(field + " has " + count + " entries; at most " + maxCount + " are allowed (grpc.max-keys)");
        }
    }

    /** As {@link #checkKeys}, for one key; its field is only spelled out where that is needed. */
    static void checkKey(Supplier<String> field, ByteString key) {
        int bytes = key.size();
        if (bytes == 0 || bytes > ChunkKey.MAX_BYTES) {
            throw invalid(field.get() + " has " + bytes + " bytes; 1 to " + ChunkKey.MAX_BYTES + " are allowed");
        }
    }

    /** The tenant's keys of a checked list. */
    static List<ChunkKey> keys(Tenant tenant, List<ByteString> keys) {
        return keys.stream().map(key -> tenant.key(key.toByteArray())).toList();
    }

    static void checkExpectedLengths(GetRequest request) {
        int lengths = request.getExpectedLengthsCount();
        if (lengths != 0 && lengths != request.getKeysCount()) {
            throw invalid("expected_lengths has " + lengths + " entries for " + request.getKeysCount() + " keys");
        }
    }

    static void checkClientId(String clientId) {
        if (clientId.length() > MAX_CLIENT_ID_BYTES
                || clientId.getBytes(StandardCharsets.UTF_8).length > MAX_CLIENT_ID_BYTES) {
            throw invalid("client_id is longer than " + MAX_CLIENT_ID_BYTES + " bytes");
        }
    }

    static StatusRuntimeException exhausted(String message) {
        return Status.RESOURCE_EXHAUSTED.withDescription(message).asRuntimeException();
    }

    static StatusRuntimeException invalid(String message) {
        return Status.INVALID_ARGUMENT.withDescription(message).asRuntimeException();
    }
}
