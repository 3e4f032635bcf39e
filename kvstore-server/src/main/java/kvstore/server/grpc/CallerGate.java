package kvstore.server.grpc;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import kvstore.server.identity.Access;
import kvstore.server.identity.Caller;
import kvstore.server.identity.Grant;
import kvstore.server.identity.Tenant;
import kvstore.v1.AdminGrpc;
import kvstore.v1.KvStoreGrpc;

/**
 * Lets a call in, or not, and gives it its tenant. Asked at every call, because certificates and tenants change while
 * connections stand.
 */
final class CallerGate extends ServerTransportFilter implements ServerInterceptor {
    private static final Attributes.Key<GrpcPeer> PEER = Attributes.Key.create("kvstore.peer");
    private static final Context.Key<Grant> GRANT = Context.key("kvstore-grant");

    /** Of which it matters who asks; others are health checks and reflection, which tell nothing of anybody's. */
    private static final Set<String> GUARDED = Set.of(KvStoreGrpc.SERVICE_NAME, AdminGrpc.SERVICE_NAME);

    private final Access access;

    CallerGate(Access access) {
        this.access = access;
    }

    /** The tenant of the call on whose context this runs. */
    static Tenant tenant() {
        return Objects.requireNonNull(GRANT.get(), "a call came past the gate").tenant();
    }

    @Override
    public Attributes transportReady(Attributes attributes) {
        return attributes.toBuilder().set(PEER, GrpcPeer.of(attributes)).build();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        GrpcPeer peer = Objects.requireNonNull(call.getAttributes().get(PEER));
        String service = call.getMethodDescriptor().getServiceName();
        if (access.certificates()
                .filter(certificates -> !peer.isTrusted(certificates))
                .isPresent()) {
            return refuse(
                    call,
                    peer.caller(),
                    Status.UNAUTHENTICATED,
                    "the client's certificate has ended or its authority is no longer in tls.client-ca");
        }
        if (service == null || !GUARDED.contains(service)) {
            return next.startCall(call, headers);
        }
        Optional<Grant> grant = access.tenants().of(peer.caller());
        if (grant.isEmpty()) {
            return refuse(
                    call,
                    peer.caller(),
                    Status.PERMISSION_DENIED,
                    "%s belongs to no tenant, or to two (tenants.file)"
                            .formatted(peer.caller().identities()));
        }
        if (service.equals(AdminGrpc.SERVICE_NAME)) {
            if (!grant.get().admin()) {
                return refuse(
                        call,
                        peer.caller(),
                        Status.PERMISSION_DENIED,
                        "tenant %s is no admin (tenants.file)"
                                .formatted(grant.get().tenant()));
            }
            access.audit().admitted(peer.caller(), grant.get().tenant(), method(call));
        }
        return Contexts.interceptCall(Context.current().withValue(GRANT, grant.get()), call, headers, next);
    }

    private <Q, A> ServerCall.Listener<Q> refuse(ServerCall<Q, A> call, Caller caller, Status status, String reason) {
        access.audit().refused("grpc", caller, method(call), reason);
        call.close(status.withDescription(reason), new Metadata());
        return new ServerCall.Listener<>() {};
    }

    private static String method(ServerCall<?, ?> call) {
        return String.valueOf(call.getMethodDescriptor().getBareMethodName());
    }
}
