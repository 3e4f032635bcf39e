package kvstore.server.grpc;

import io.grpc.Status;
import java.io.IOException;
import kvstore.server.transfer.PeerGoneException;
import kvstore.server.transfer.PeerStalledException;

/** What ended a transfer, in gRPC's words. */
final class Statuses {
    private Statuses() {}

    /** @param message what to put before the message of a broken contract */
    static Status of(IOException end, String message) {
        return switch (end) {
            case PeerGoneException gone -> Status.CANCELLED.withDescription(gone.getMessage());
            case PeerStalledException stalled -> Status.DEADLINE_EXCEEDED.withDescription(stalled.getMessage());
            default -> Status.INVALID_ARGUMENT.withDescription(message + end.getMessage());
        };
    }
}
