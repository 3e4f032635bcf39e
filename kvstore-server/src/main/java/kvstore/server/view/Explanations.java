package kvstore.server.view;

import kvstore.store.Departure;
import kvstore.store.Explanation;
import kvstore.v1.ExplainResponse;
import kvstore.v1.KeyState;

/** The store's answers about one key, as the wire has them. */
final class Explanations {
    private Explanations() {}

    static ExplainResponse wire(Explanation explanation) {
        ExplainResponse.Builder response = ExplainResponse.newBuilder();
        switch (explanation) {
            case Explanation.Here here ->
                response.setState(KeyState.KEY_STATE_HERE)
                        .setSegmentFile(here.file().toString())
                        .setSegment(here.segment())
                        .setOffset(here.offset())
                        .setLength(here.length())
                        .setSegmentCreatedMillis(here.segmentCreatedMillis())
                        .setStoredMillis(here.storedMillis())
                        .setLastUsedMillis(here.lastUsedMillis())
                        .setLeases(here.leases())
                        .setHeld(here.held());
            case Explanation.InFlight put ->
                response.setState(KeyState.KEY_STATE_IN_FLIGHT).setLength(put.length());
            case Explanation.Away away ->
                response.setState(KeyState.KEY_STATE_AWAY)
                        .setSegmentFile(away.file().toString())
                        .setSegment(away.segment())
                        .setLength(away.length())
                        .setAwayReason(away.reason());
            case Explanation.Absent absent ->
                response.setState(KeyState.KEY_STATE_ABSENT)
                        .addAllOtherNamespaces(absent.namespaces())
                        .setDirectoryUnread(absent.unread());
        }
        Departure last = explanation.last();
        if (last != null) {
            response.setLastEvent(last.cause().label())
                    .setLastEventMillis(last.millis())
                    .setLastEventSegment(last.segment())
                    .setLastEventLength(last.length());
        }
        return response.build();
    }
}
