package kvstore.server.grpc;

import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.util.stream.Stream;
import kvstore.server.transfer.Transfers;
import kvstore.v1.KvStoreGrpc;

/**
 * Binds the service so that Put and Get use marshallers of our own, which keep payload off the heap. The names on the
 * wire, and what gRPC reflection tells, stay those of the generated descriptor.
 */
final class Bindings {
    private Bindings() {}

    static ServerServiceDefinition of(Transfers transfers, ControlService control) {
        ServerServiceDefinition generated = control.bindService();
        ServiceDescriptor.Builder descriptor = ServiceDescriptor.newBuilder(KvStoreGrpc.SERVICE_NAME)
                .setSchemaDescriptor(generated.getServiceDescriptor().getSchemaDescriptor());
        for (MethodDescriptor<?, ?> method : generated.getServiceDescriptor().getMethods()) {
            descriptor.addMethod(replacement(method));
        }
        ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(descriptor.build())
                .addMethod(PutFrame.METHOD, PutCall.handler(transfers))
                .addMethod(GetFrame.METHOD, GetCall.handler(transfers));
        generated.getMethods().stream()
                .filter(method -> replacement(method.getMethodDescriptor()) == method.getMethodDescriptor())
                .forEach(service::addMethod);
        return service.build();
    }

    private static MethodDescriptor<?, ?> replacement(MethodDescriptor<?, ?> generated) {
        return Stream.of(PutFrame.METHOD, GetFrame.METHOD)
                .filter(own -> own.getFullMethodName().equals(generated.getFullMethodName()))
                .<MethodDescriptor<?, ?>>map(own -> own)
                .findFirst()
                .orElse(generated);
    }
}
