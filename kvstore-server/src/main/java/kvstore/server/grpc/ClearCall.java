package kvstore.server.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import kvstore.api.ChunkKey;
import kvstore.server.clear.ClearReport;
import kvstore.server.clear.Clears;
import kvstore.server.clear.Scope;
import kvstore.v1.ClearRequest;
import kvstore.v1.ClearResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One call of Clear: answers while it runs, on a thread of its own. */
final class ClearCall {
    private static final Logger log = LoggerFactory.getLogger(ClearCall.class);
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Clears clears;
    private final ClearRequest request;
    private final ServerCallStreamObserver<ClearResponse> observer;
    private long answeredNanos = System.nanoTime();

    ClearCall(Clears clears, ClearRequest request, ServerCallStreamObserver<ClearResponse> observer) {
        this.clears = clears;
        this.request = request;
        this.observer = observer;
        // Without a handler, an answer to a call that was cancelled would throw.
        observer.setOnCancelHandler(() -> {});
    }

    void run() {
        try {
            ClearReport report = clears.run(scope(), request.getCountOnly(), observer::isCancelled, this::seen);
            if (!observer.isCancelled()) {
                observer.onNext(wire(report));
                observer.onCompleted();
            }
        } catch (StatusRuntimeException e) {
            observer.onError(e);
        } catch (IllegalStateException e) {
            observer.onError(
                    Status.FAILED_PRECONDITION.withDescription(e.getMessage()).asRuntimeException());
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("a clear failed by a mistake in this program");
            observer.onError(Status.INTERNAL
                    .withDescription("the clear failed inside the daemon; its log has more")
                    .asRuntimeException());
        }
    }

    private Scope scope() {
        return switch (request.getScopeCase()) {
            case ALL -> {
                if (!request.getAll()) {
                    throw Requests.invalid("all is false; set it to true, or name a model or a namespace");
                }
                yield new Scope.All();
            }
            case MODEL -> new Scope.Model(name("model", request.getModel(), 1));
            case NAMESPACE -> new Scope.Namespace(name("namespace", request.getNamespace(), 0));
            case SCOPE_NOT_SET -> throw Requests.invalid("nothing is named; set all, model or namespace");
        };
    }

    private static String name(String field, String name, int minBytes) {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < minBytes || bytes > ChunkKey.MAX_BYTES) {
            throw Requests.invalid(
                    "%s has %d bytes; %d to %d are allowed".formatted(field, bytes, minBytes, ChunkKey.MAX_BYTES));
        }
        return name;
    }

    private void seen(ClearReport soFar) {
        long now = System.nanoTime();
        // A client that does not read gets fewer answers, not a queue of them.
        if (now - answeredNanos >= ANSWER_NANOS && observer.isReady()) {
            answeredNanos = now;
            observer.onNext(wire(soFar));
        }
    }

    private static ClearResponse wire(ClearReport report) {
        return ClearResponse.newBuilder()
                .setChunks(report.chunks())
                .setBytes(report.bytes())
                .setUnreadableSegments(report.unreadableSegments())
                .setComplete(report.complete())
                .build();
    }
}
