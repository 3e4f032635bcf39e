package kvstore.server.view;

import java.util.List;
import kvstore.store.SegmentStats;
import kvstore.v1.SegmentGroup;
import kvstore.v1.SegmentsResponse;

/** Many segments in a few groups, because a node may have ten thousand and a screen shows a hundred. */
final class SegmentGroups {
    private SegmentGroups() {}

    /**
     * Groups those that follow each other.
     *
     * @param all oldest first
     */
    static SegmentsResponse of(List<SegmentStats> all, int maxGroups) {
        SegmentsResponse.Builder response = SegmentsResponse.newBuilder().setSegments(all.size());
        int groups = Math.min(maxGroups, all.size());
        for (int i = 0; i < groups; i++) {
            int from = (int) ((long) all.size() * i / groups);
            int to = (int) ((long) all.size() * (i + 1) / groups);
            response.addGroups(group(all.subList(from, to)));
        }
        return response.build();
    }

    private static SegmentGroup group(List<SegmentStats> members) {
        SegmentStats first = members.getFirst();
        SegmentGroup.Builder group = SegmentGroup.newBuilder()
                .setSegments(members.size())
                .setFirstSegment(first.id())
                .setFirstFile(first.file().toString())
                .setCreatedMillis(first.createdMillis());
        for (SegmentStats each : members) {
            group.setLastUsedMillis(Math.max(group.getLastUsedMillis(), each.lastUsedMillis()))
                    .setBytes(group.getBytes() + each.bytes())
                    .setChunks(group.getChunks() + each.chunks())
                    .setChunkBytes(group.getChunkBytes() + each.chunkBytes())
                    .setReadChunks(group.getReadChunks() + each.readChunks())
                    .setHeld(group.getHeld() + (each.held() ? 1 : 0));
        }
        return group.build();
    }
}
