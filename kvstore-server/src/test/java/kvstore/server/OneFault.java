package kvstore.server;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongPredicate;
import kvstore.server.FaultyEngine.Call;
import kvstore.server.FaultyEngine.Fault;
import org.jspecify.annotations.Nullable;

/** One fault at the next call that fits. */
final class OneFault implements FaultyEngine.Plan {
    private final Call call;
    private final LongPredicate bytes;
    private final Fault fault;
    private final AtomicBoolean happened = new AtomicBoolean();

    /** @param bytes says by the size whether the call is the one, as headers have one block */
    OneFault(Call call, LongPredicate bytes, Fault fault) {
        this.call = call;
        this.bytes = bytes;
        this.fault = fault;
    }

    boolean happened() {
        return happened.get();
    }

    @Override
    public @Nullable Fault fault(Call next, Path file, long offset, long size) {
        return next == call && bytes.test(size) && happened.compareAndSet(false, true) ? fault : null;
    }
}
