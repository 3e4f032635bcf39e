package kvstore.server.grpc;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.ChunkKey;
import kvstore.server.prefix.ChainHash;
import kvstore.server.prefix.HashSchemes;
import kvstore.server.prefix.ObjectKeys;
import kvstore.server.transfer.Transfers;
import kvstore.store.LookupResult;
import kvstore.v1.HashEra;
import kvstore.v1.MatchPrefixRequest;
import kvstore.v1.MatchPrefixResponse;

/**
 * Answers how much of a prompt is here: tokens to hashes, hashes to keys, and one lookup of all keys. Reads nothing from
 * disk.
 */
final class PrefixMatch {
    private static final int DEFAULT_CHUNK_SIZE = 256;
    private static final int MAX_HASH_BYTES = 64;

    private final Transfers transfers;
    private final int maxTokens;
    private final long leaseMillisMax;

    PrefixMatch(Transfers transfers, int maxTokens, long leaseMillisMax) {
        this.transfers = transfers;
        this.maxTokens = maxTokens;
        this.leaseMillisMax = leaseMillisMax;
    }

    MatchPrefixResponse answer(MatchPrefixRequest request) {
        check(request);
        ObjectKeys objects = PrefixKeys.of(request, transfers.maxKeys());
        int chunkSize = request.getChunkSize() == 0 ? DEFAULT_CHUNK_SIZE : request.getChunkSize();
        int chunks = chunks(request, chunkSize);
        int checked = Math.min(chunks, transfers.maxKeys() / objects.perChunk());
        List<ChainHash> hashes = hashes(request, chunkSize, checked);
        List<ChunkKey> keys = keys(objects, hashes);

        long leaseMillis = Math.min(Integer.toUnsignedLong(request.getLeaseMillis()), leaseMillisMax);
        LookupResult found = transfers.store().lookup(keys, request.getClientId(), leaseMillis);

        int matched = found.leadingHits() / objects.perChunk();
        long tokens = matchedTokens(request, matched, chunkSize);
        MatchPrefixResponse.Builder response = MatchPrefixResponse.newBuilder()
                .setMatchedTokens((int) tokens)
                .setMatchedChunks(matched)
                .setMatchedBytes(bytes(found, matched * objects.perChunk()))
                .setChunks(chunks)
                .setCheckedChunks(checked)
                .setLeaseId(found.leaseId())
                .setLeaseMillis((int) found.leaseMillis());
        if (found.leadingHits() < keys.size()) {
            response.setMissingKey(
                    ByteString.copyFrom(keys.get(found.leadingHits()).bytes()));
        }
        if (request.getReturnHashes()) {
            hashes.forEach(hash -> response.addChunkHashes(ByteString.copyFrom(hash.bytes())));
        }
        transfers.metrics().prefixMatch(request.getTokenIdsCount(), matched, checked);
        return response.build();
    }

    private void check(MatchPrefixRequest request) {
        int tokens = request.getTokenIdsCount();
        int hashes = request.getChunkHashesCount();
        if ((tokens == 0) == (hashes == 0)) {
            throw Requests.invalid("token_ids and chunk_hashes are " + (tokens == 0 ? "both empty" : "both set")
                    + "; exactly one of them is needed");
        }
        if (tokens > maxTokens) {
            throw Requests.exhausted(
                    "token_ids has " + tokens + " entries; at most " + maxTokens + " are allowed (grpc.max-tokens)");
        }
        if (hashes > transfers.maxKeys()) {
            throw Requests.exhausted("chunk_hashes has " + hashes + " entries; at most " + transfers.maxKeys()
                    + " are allowed (grpc.max-keys)");
        }
        for (int i = 0; i < hashes; i++) {
            int bytes = request.getChunkHashes(i).size();
            if (bytes == 0 || bytes > MAX_HASH_BYTES) {
                throw Requests.invalid(
                        "chunk_hashes[" + i + "] has " + bytes + " bytes; 1 to " + MAX_HASH_BYTES + " are allowed");
            }
        }
        if (request.getChunkSize() < 0 || request.getChunkSize() > maxTokens) {
            throw Requests.invalid("chunk_size is " + Integer.toUnsignedString(request.getChunkSize()) + "; 1 to "
                    + maxTokens + " are allowed (grpc.max-tokens), and 0 for " + DEFAULT_CHUNK_SIZE);
        }
        Requests.checkClientId(request.getClientId());
    }

    private static int chunks(MatchPrefixRequest request, int chunkSize) {
        int tokens = request.getTokenIdsCount();
        return request.getChunkHashesCount() > 0
                ? request.getChunkHashesCount()
                : tokens / chunkSize + (request.getPartialChunk() && tokens % chunkSize > 0 ? 1 : 0);
    }

    private static List<ChainHash> hashes(MatchPrefixRequest request, int chunkSize, int chunks) {
        HashEra unsaidEra = request.hasMp() ? HashEra.HASH_ERA_NONE : HashEra.HASH_ERA_FOLDED;
        try {
            if (request.getChunkHashesCount() == 0) {
                return HashSchemes.hasher(request.getScheme(), unsaidEra)
                        .hash(request::getTokenIds, request.getTokenIdsCount(), chunkSize, chunks);
            }
            ChainHash.Kind kind = HashSchemes.kind(request.getScheme(), unsaidEra);
            List<ChainHash> hashes = new ArrayList<>(chunks);
            for (int i = 0; i < chunks; i++) {
                hashes.add(hash(kind, i, request.getChunkHashes(i)));
            }
            return hashes;
        } catch (IllegalArgumentException e) {
            throw Requests.invalid(String.valueOf(e.getMessage()));
        }
    }

    private static ChainHash hash(ChainHash.Kind kind, int index, ByteString bytes) {
        try {
            return ChainHash.of(kind, bytes.toByteArray());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("chunk_hashes[" + index + "] " + e.getMessage(), e);
        }
    }

    private static List<ChunkKey> keys(ObjectKeys objects, List<ChainHash> hashes) {
        List<ChunkKey> keys = new ArrayList<>(hashes.size() * objects.perChunk());
        String namespace = CallerGate.tenant().namespace();
        try {
            hashes.forEach(hash -> objects.addTo(keys, hash, namespace));
        } catch (IllegalArgumentException e) {
            throw Requests.invalid("model_name and what else is in the keys is too long: " + e.getMessage());
        }
        return keys;
    }

    /** A short last chunk has fewer tokens than the others. */
    private static long matchedTokens(MatchPrefixRequest request, int matched, int chunkSize) {
        long tokens = (long) matched * chunkSize;
        return request.getTokenIdsCount() == 0 ? tokens : Math.min(tokens, request.getTokenIdsCount());
    }

    private static long bytes(LookupResult found, int keys) {
        long bytes = 0;
        for (int i = 0; i < keys; i++) {
            bytes += found.sizes()[i];
        }
        return bytes;
    }
}
