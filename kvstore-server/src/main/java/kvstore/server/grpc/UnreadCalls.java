package kvstore.server.grpc;

import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Resets calls whose client does not read their end. {@link ServerCall#close} puts the status behind what was sent before,
 * and where a client stops to read, both would wait in Netty's buffers for as long as the client likes.
 *
 * <p>gRPC resets a call only when its deadline passes, which it hears from the call's context. So every call gets a context
 * in which that can be made to happen.
 */
final class UnreadCalls implements ServerInterceptor {
    private static final Context.Key<Context.CancellableContext> CALL = Context.key("kvstore-call");

    private final Duration limit;

    /** @param limit how long a call may go on after the daemon has ended it */
    UnreadCalls(Duration limit) {
        this.limit = limit;
    }

    /** What makes the contexts; to be added to the same server. */
    ServerStreamTracer.Factory contexts() {
        return new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
                return new ServerStreamTracer() {
                    @Override
                    public Context filterContext(Context context) {
                        Context.CancellableContext call = context.withCancellation();
                        return call.withValue(CALL, call);
                    }
                };
            }
        };
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Context.CancellableContext context = Objects.requireNonNull(CALL.get());
        CompletableFuture<Void> ended = new CompletableFuture<>();
        ServerCall<Q, A> watched = new SimpleForwardingServerCall<>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
                super.close(status, trailers);
                var _ = ended.orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS).exceptionally(_ -> {
                    context.cancel(new TimeoutException("the client does not read the end of the call"));
                    return null;
                });
            }
        };
        return new SimpleForwardingServerCallListener<>(next.startCall(watched, headers)) {
            @Override
            public void onComplete() {
                ended.complete(null);
                super.onComplete();
            }

            @Override
            public void onCancel() {
                ended.complete(null);
                super.onCancel();
            }
        };
    }
}
