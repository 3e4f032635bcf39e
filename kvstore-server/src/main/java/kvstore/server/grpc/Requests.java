package kvstore.server.grpc;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import kvstore.api.ChunkKey;
import kvstore.v1.GetRequest;

/** The rules of the contract that make a call impossible as a whole when they are broken. */
final class Requests {
    /** Longest client id, in bytes of UTF-8. */
    static final int MAX_CLIENT_ID_BYTES = 64;

    private Requests() {}

    /** @throws StatusRuntimeException INVALID_ARGUMENT or RESOURCE_EXHAUSTED, naming field and limit */
    static void checkKeys(List<ByteString> keys, int maxKeys) {
        if (keys.isEmpty()) {
            throw invalid("keys is empty; 1 to " + maxKeys + " are allowed");
        }
        if (keys.size() > maxKeys) {
            throw exhausted(
                    "keys has " + keys.size() + " entries; at most " + maxKeys + " are allowed (grpc.max-keys)");
        }
        for (int i = 0; i < keys.size(); i++) {
            int bytes = keys.get(i).size();
            if (bytes == 0 || bytes > ChunkKey.MAX_BYTES) {
                throw invalid("keys[" + i + "] has " + bytes + " bytes; 1 to " + ChunkKey.MAX_BYTES + " are allowed");
            }
        }
    }

    /** The keys of a checked list. */
    static List<ChunkKey> keys(List<ByteString> keys) {
        return keys.stream().map(key -> ChunkKey.of(key.toByteArray())).toList();
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
