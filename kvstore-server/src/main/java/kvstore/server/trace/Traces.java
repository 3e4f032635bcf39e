package kvstore.server.trace;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import kvstore.server.metrics.Rpc;

/**
 * Makes a span of each gRPC call, under that of its caller if the metadata has a {@code traceparent}, and sends the spans to
 * a receiver of OTLP over HTTP. A receiver that is slow or away costs spans, never calls.
 */
public final class Traces extends ServerStreamTracer.Factory implements AutoCloseable {
    private static final Duration SEND_INTERVAL = Duration.ofSeconds(1);
    private static final Duration SEND_LIMIT = Duration.ofSeconds(5);
    /** What a stop may take longer for it. */
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    private static final AttributeKey<String> STATUS = AttributeKey.stringKey("rpc.response.status_code");

    private static final TextMapGetter<Metadata> HEADERS = (headers, key) ->
            headers == null ? null : headers.get(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER));

    private final SdkTracerProvider provider;
    private final Tracer tracer;

    /**
     * Sends from now on.
     *
     * @param endpoint such as {@code http://127.0.0.1:4318/v1/traces}
     * @param samplingRatio the part of the calls that are traced; a caller that says whether its own trace is taken is heeded
     */
    public Traces(URI endpoint, double samplingRatio, String node, String version) {
        OtlpHttpSpanExporter exporter = OtlpHttpSpanExporter.builder()
                .setEndpoint(endpoint.toString())
                .setTimeout(SEND_LIMIT)
                .build();
        provider = SdkTracerProvider.builder()
                .setResource(Resource.create(Attributes.of(
                        AttributeKey.stringKey("service.name"), "kvstore",
                        AttributeKey.stringKey("service.instance.id"), node,
                        AttributeKey.stringKey("service.version"), version)))
                .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(samplingRatio)))
                .addSpanProcessor(BatchSpanProcessor.builder(exporter)
                        .setScheduleDelay(SEND_INTERVAL)
                        .setExporterTimeout(SEND_LIMIT)
                        .build())
                .build();
        tracer = provider.get("kvstore");
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        Span call = tracer.spanBuilder(Rpc.of(fullMethodName) == Rpc.OTHER ? "other" : fullMethodName)
                .setSpanKind(SpanKind.SERVER)
                .setParent(W3CTraceContextPropagator.getInstance()
                        .extract(io.opentelemetry.context.Context.root(), headers, HEADERS))
                .startSpan();
        return call.isRecording() ? new Traced(new CallTrace(tracer, call), call) : new ServerStreamTracer() {};
    }

    private static final class Traced extends ServerStreamTracer {
        private final CallTrace trace;
        private final Span call;

        Traced(CallTrace trace, Span call) {
            this.trace = trace;
            this.call = call;
        }

        @Override
        public Context filterContext(Context context) {
            return context.withValue(CallTrace.KEY, trace);
        }

        @Override
        public void streamClosed(Status status) {
            call.setAttribute(STATUS, status.getCode().name());
            if (!status.isOk()) {
                call.setStatus(StatusCode.ERROR);
            }
            trace.ended();
        }
    }

    /** Sends what is left, for at most two seconds. */
    @Override
    public void close() {
        provider.shutdown().join(CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    }
}
