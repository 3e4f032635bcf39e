package kvstore.server.grpc;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ends calls whose request is no message of its kind with INVALID_ARGUMENT. gRPC by itself would say UNKNOWN, and write a
 * stack trace to the log for every one.
 */
final class UnreadableRequests {
    private UnreadableRequests() {}

    /** The service, with every method in which the client sends one message wrapped. */
    static ServerServiceDefinition refuse(ServerServiceDefinition service) {
        List<ServerMethodDefinition<?, ?>> methods = service.getMethods().stream()
                .<ServerMethodDefinition<?, ?>>map(UnreadableRequests::refuse)
                .toList();
        ServiceDescriptor.Builder descriptor = ServiceDescriptor.newBuilder(
                        service.getServiceDescriptor().getName())
                .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
        methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        ServerServiceDefinition.Builder wrapped = ServerServiceDefinition.builder(descriptor.build());
        methods.forEach(wrapped::addMethod);
        return wrapped.build();
    }

    private static <Q, A> ServerMethodDefinition<?, A> refuse(ServerMethodDefinition<Q, A> method) {
        MethodDescriptor<Q, A> descriptor = method.getMethodDescriptor();
        if (!descriptor.getType().clientSendsOneMessage()) {
            return method;
        }
        return ServerMethodDefinition.create(
                descriptor.toBuilder(
                                new Marshaller<>(descriptor.getRequestMarshaller()), descriptor.getResponseMarshaller())
                        .build(),
                handler(method.getServerCallHandler()));
    }

    private static <Q, A> ServerCallHandler<Received<Q>, A> handler(ServerCallHandler<Q, A> handler) {
        return (call, headers) -> {
            @SuppressWarnings("unchecked") // only the call's descriptor tells the type of requests, and nobody asks it
            ServerCall<Q, A> same = (ServerCall<Q, A>) (ServerCall<?, A>) call;
            return new Listener<>(call, handler.startCall(same, headers));
        };
    }

    /** A request, or why there is none. */
    private record Received<Q>(@Nullable Q message, String problem) {}

    private record Marshaller<Q>(MethodDescriptor.Marshaller<Q> marshaller)
            implements MethodDescriptor.Marshaller<Received<Q>> {
        @Override
        public Received<Q> parse(InputStream stream) {
            try {
                return new Received<>(marshaller.parse(stream), "");
            } catch (RuntimeException e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                return new Received<>(null, "the request cannot be read: " + cause.getMessage());
            }
        }

        @Override
        public InputStream stream(Received<Q> request) {
            throw new UnsupportedOperationException("the daemon sends no request");
        }
    }

    /** Hands requests on until one is bad, and then nothing more but the end. */
    private static final class Listener<Q, A> extends ServerCall.Listener<Received<Q>> {
        private final ServerCall<Received<Q>, A> call;
        private final ServerCall.Listener<Q> listener;
        private boolean refused;

        Listener(ServerCall<Received<Q>, A> call, ServerCall.Listener<Q> listener) {
            this.call = call;
            this.listener = listener;
        }

        @Override
        public void onMessage(Received<Q> request) {
            if (refused) {
                return;
            }
            if (request.message() != null) {
                listener.onMessage(request.message());
            } else {
                refused = true;
                call.close(Status.INVALID_ARGUMENT.withDescription(request.problem()), new Metadata());
            }
        }

        @Override
        public void onHalfClose() {
            if (!refused) {
                listener.onHalfClose();
            }
        }

        @Override
        public void onReady() {
            listener.onReady();
        }

        @Override
        public void onCancel() {
            listener.onCancel();
        }

        @Override
        public void onComplete() {
            listener.onComplete();
        }
    }
}
