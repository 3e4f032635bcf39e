package kvstore.client;

import com.google.common.base.Throwables;
import io.grpc.Status;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Turns what gRPC reports into sentences that name the daemon and a cure. */
final class Failures {
    private final Target target;
    private final Duration timeout;

    Failures(Target target, Duration timeout) {
        this.target = target;
        this.timeout = timeout;
    }

    KvStoreException of(Status status) {
        return new KvStoreException(status.getCode(), sentence(status), status.asRuntimeException());
    }

    /** The daemon sent something that the contract does not allow. */
    KvStoreException brokenContract(String what, @Nullable Throwable cause) {
        return new KvStoreException(
                Status.Code.INTERNAL,
                target + " broke the wire contract: " + what
                        + "; do daemon and client have the same release (`kvstore --version`, `kvstore stat`)?",
                cause);
    }

    private String sentence(Status status) {
        return switch (status.getCode()) {
            case UNAVAILABLE -> unavailable(status);
            case DEADLINE_EXCEEDED ->
                "no answer from %s within %s: allow more time, or see with `kvstore stat` what keeps it busy"
                        .formatted(target, timeout.toString().substring(2).toLowerCase(Locale.ROOT));
            case UNIMPLEMENTED ->
                "what listens at %s does not know this call: is it a kvstore daemon of this release?".formatted(target);
            case CANCELLED -> "the call to %s was cancelled: %s".formatted(target, description(status));
            case INVALID_ARGUMENT, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, PERMISSION_DENIED, UNAUTHENTICATED ->
                "%s refused the call: %s".formatted(target, description(status));
            default -> "%s failed (%s): %s; its log says more".formatted(target, status.getCode(), description(status));
        };
    }

    private String unavailable(Status status) {
        Throwable cause = status.getCause();
        if (cause == null) {
            // sent by the daemon itself, or the connection ended under the call
            return "%s is not ready, or stopped under the call (%s): try again, and see its log if that does not help"
                    .formatted(target, description(status));
        }
        String reason = rootReason(cause);
        if (cause instanceof IOException && reason.contains("Permission denied")) {
            return "cannot reach %s (%s): this user may not write to the socket; join its group"
                    .formatted(target, reason);
        }
        return "cannot reach %s (%s): is the daemon running? start it with `kvstore serve`".formatted(target, reason);
    }

    private static String rootReason(Throwable thrown) {
        Throwable root = Throwables.getRootCause(thrown);
        String message = root.getMessage();
        return switch (root) {
            // Netty's, for a socket, and without a message
            case FileNotFoundException _ -> "no such socket";
            case Throwable _ when message == null -> root.getClass().getSimpleName();
            // Netty names its native call and the errno before the words
            case NotSslRecordException _ -> "what listens there speaks no TLS";
            case ConnectException _ ->
                message.substring(message.lastIndexOf(": ") + 1).strip();
            // Netty adds lines that say where in its pipeline it happened
            default -> message.lines().findFirst().orElse("");
        };
    }

    private static String description(Status status) {
        String description = status.getDescription();
        Throwable cause = status.getCause();
        if (cause != null) {
            return (description == null ? "" : description + " ") + Throwables.getRootCause(cause);
        }
        return description == null || description.isBlank() ? "no reason given" : description;
    }
}
