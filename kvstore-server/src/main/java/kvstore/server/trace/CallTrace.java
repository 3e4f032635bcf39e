package kvstore.server.trace;

import io.grpc.Context;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The trace of one call, to be told of its parts when they have ended. Of a call that is not traced there is {@link #OFF},
 * which asks no clock and allocates nothing. Thread-safe.
 */
public final class CallTrace {
    /** Of a call that is not traced. */
    public static final CallTrace OFF = new CallTrace(null, Span.getInvalid());

    /** A call may have thousands of chunks; what is beyond is counted on the call's own span. */
    static final int PARTS_MAX = 512;

    static final Context.Key<CallTrace> KEY = Context.keyWithDefault("kvstore-trace", OFF);

    private static final AttributeKey<Long> CHUNK = AttributeKey.longKey("kvstore.chunk.index");
    private static final AttributeKey<Long> BYTES = AttributeKey.longKey("kvstore.bytes");
    private static final AttributeKey<Long> LEFT_OUT = AttributeKey.longKey("kvstore.parts.left_out");

    private final @Nullable Tracer tracer;
    private final Span call;
    private final AtomicInteger parts = new AtomicInteger();

    /** What {@link System#nanoTime} has to be added to for nanoseconds since 1970. */
    private final long epochNanos;

    CallTrace(@Nullable Tracer tracer, Span call) {
        this.tracer = tracer;
        this.call = call;
        this.epochNanos = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()) - System.nanoTime();
    }

    /** That of the call whose thread this is. */
    public static CallTrace current() {
        return KEY.get();
    }

    /** Now, by {@link System#nanoTime}; 0 for a call that is not traced. */
    public long now() {
        return tracer == null ? 0 : System.nanoTime();
    }

    /** A part has ended that began at {@code beginNanos}. */
    public void part(String name, long beginNanos, int chunk, long bytes) {
        part(name, beginNanos, now(), chunk, bytes);
    }

    /**
     * A part has ended.
     *
     * @param name what it was, such as {@code disk read}
     * @param beginNanos by {@link #now}
     * @param chunk which of the call's keys it was for
     * @param bytes that it moved; 0 for none
     */
    public void part(String name, long beginNanos, long endNanos, int chunk, long bytes) {
        if (tracer == null || parts.incrementAndGet() > PARTS_MAX) {
            return;
        }
        tracer.spanBuilder(name)
                .setParent(io.opentelemetry.context.Context.root().with(call))
                .setStartTimestamp(epochNanos + beginNanos, TimeUnit.NANOSECONDS)
                .setAttribute(CHUNK, (long) chunk)
                .setAttribute(BYTES, bytes)
                .startSpan()
                .end(epochNanos + Math.max(beginNanos, endNanos), TimeUnit.NANOSECONDS);
    }

    /** The call has ended. */
    void ended() {
        int leftOut = parts.get() - PARTS_MAX;
        if (leftOut > 0) {
            call.setAttribute(LEFT_OUT, (long) leftOut);
        }
        call.end();
    }
}
