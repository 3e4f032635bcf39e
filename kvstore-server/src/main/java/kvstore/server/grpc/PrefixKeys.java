package kvstore.server.grpc;

import java.util.List;
import java.util.stream.IntStream;
import kvstore.server.prefix.ObjectKeys;
import kvstore.v1.InProcessKeys;
import kvstore.v1.MatchPrefixRequest;
import kvstore.v1.MpKeys;

/** The rules for what a MatchPrefix says of its keys. Every refusal is an INVALID_ARGUMENT that names field and limit. */
final class PrefixKeys {
    private static final int MAX_MP_WORLD_SIZE = 255;
    private static final int MAX_WORLD_SIZE = 65_536;
    private static final int MAX_SALT_CHARACTERS = 128;

    private PrefixKeys() {}

    /** @param maxPerChunk most objects that one chunk may have */
    static ObjectKeys of(MatchPrefixRequest request, int maxPerChunk) {
        return switch (request.getKeysCase()) {
            case MP -> mp(request.getMp(), maxPerChunk);
            case IN_PROCESS -> inProcess(request.getInProcess(), maxPerChunk);
            case KEYS_NOT_SET -> throw Requests.invalid("keys is not set; mp or in_process is needed");
        };
    }

    private static ObjectKeys mp(MpKeys keys, int maxPerChunk) {
        checkText("mp.model_name", keys.getModelName(), "@");
        checkSalt(keys.getCacheSalt());
        int worldSize = keys.getWorldSize();
        if ((worldSize == 0) == (keys.getKvRanksCount() == 0)) {
            throw Requests.invalid("mp.world_size and mp.kv_ranks are " + (worldSize == 0 ? "both empty" : "both set")
                    + "; exactly one of them is needed");
        }
        if (worldSize < 0 || worldSize > MAX_MP_WORLD_SIZE) {
            throw Requests.invalid("mp.world_size is " + Integer.toUnsignedString(worldSize) + "; 1 to "
                    + MAX_MP_WORLD_SIZE + " are allowed");
        }
        List<Integer> ranks = keys.getKvRanksCount() > 0
                ? keys.getKvRanksList()
                : IntStream.range(0, worldSize)
                        .mapToObj(rank -> ObjectKeys.kvRank(worldSize, rank))
                        .toList();
        List<Integer> groups = keys.getObjectGroupsCount() == 0 ? List.of(0) : keys.getObjectGroupsList();
        checkPerChunk("mp.kv_ranks times mp.object_groups", (long) ranks.size() * groups.size(), maxPerChunk);
        return ObjectKeys.mp(keys.getModelName(), ranks, groups, keys.getCacheSalt());
    }

    private static ObjectKeys inProcess(InProcessKeys keys, int maxPerChunk) {
        checkText("in_process.model_name", keys.getModelName(), "");
        checkText("in_process.dtype", keys.getDtype(), "@");
        for (int i = 0; i < keys.getTagsCount(); i++) {
            checkText("in_process.tags[" + i + "]", keys.getTags(i), "@");
            if (keys.getTags(i).indexOf('%') < 0) {
                throw Requests.invalid("in_process.tags[" + i + "] has no %; name%value is needed");
            }
        }
        int worldSize = keys.getWorldSize();
        if (worldSize < 1 || worldSize > MAX_WORLD_SIZE) {
            throw Requests.invalid("in_process.world_size is " + Integer.toUnsignedString(worldSize) + "; 1 to "
                    + MAX_WORLD_SIZE + " are allowed");
        }
        List<Integer> workers = keys.getWorkerIdsList();
        for (int i = 0; i < workers.size(); i++) {
            if (Integer.compareUnsigned(workers.get(i), worldSize) >= 0) {
                throw Requests.invalid("in_process.worker_ids[" + i + "] is "
                        + Integer.toUnsignedString(workers.get(i)) + "; 0 to " + (worldSize - 1)
                        + " are allowed (in_process.world_size)");
            }
        }
        checkPerChunk("in_process.worker_ids", workers.isEmpty() ? worldSize : workers.size(), maxPerChunk);
        return ObjectKeys.inProcess(
                keys.getModelName(),
                worldSize,
                workers.isEmpty() ? IntStream.range(0, worldSize).boxed().toList() : workers,
                keys.getDtype(),
                keys.getTagsList());
    }

    private static void checkText(String field, String text, String forbidden) {
        if (text.isEmpty()) {
            throw Requests.invalid(field + " is empty; 1 character or more is needed");
        }
        if (!forbidden.isEmpty() && text.contains(forbidden)) {
            throw Requests.invalid(field + " contains " + forbidden + ", which LMCache's keys cannot have there");
        }
    }

    private static void checkSalt(String salt) {
        int characters = salt.codePointCount(0, salt.length());
        if (characters > MAX_SALT_CHARACTERS) {
            throw Requests.invalid(
                    "mp.cache_salt has " + characters + " characters; at most " + MAX_SALT_CHARACTERS + " are allowed");
        }
        if (salt.chars().anyMatch(c -> c == '@' || c == '/' || c == '\\' || c == 0)) {
            throw Requests.invalid("mp.cache_salt contains one of @ / \\ NUL, which LMCache does not allow");
        }
    }

    private static void checkPerChunk(String field, long perChunk, int maxPerChunk) {
        if (perChunk > maxPerChunk) {
            throw Requests.exhausted(field + " give " + perChunk + " objects a chunk; at most " + maxPerChunk
                    + " are allowed" + " (grpc.max-keys)");
        }
    }
}
