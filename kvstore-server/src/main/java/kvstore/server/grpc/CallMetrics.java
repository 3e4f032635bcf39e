package kvstore.server.grpc;

import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import kvstore.server.metrics.DaemonMetrics;
import kvstore.server.metrics.Rpc;

/** Counts and times every call by name and status; a tracer, because it hears of cancelled calls too. */
final class CallMetrics extends ServerStreamTracer.Factory {
    private final DaemonMetrics metrics;

    CallMetrics(DaemonMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        Rpc rpc = Rpc.of(fullMethodName);
        long start = System.nanoTime();
        return new ServerStreamTracer() {
            @Override
            public void streamClosed(Status status) {
                metrics.rpc(rpc, status.getCode(), System.nanoTime() - start);
            }
        };
    }
}
