package kvstore.server.transfer;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether an operator took the daemon out of service: it stores nothing more and looks not ready, but serves what it has.
 * Thread-safe.
 */
public final class Drain {
    private static final Logger log = LoggerFactory.getLogger(Drain.class);

    private final Runnable changed;
    private final AtomicReference<@Nullable Instant> since = new AtomicReference<>();

    /** @param changed is called after each change; returns at once */
    public Drain(Runnable changed) {
        this.changed = changed;
    }

    /** From now on. Without effect while it is so already. */
    public void begin() {
        if (since.compareAndSet(null, Instant.now())) {
            log.atInfo().log("draining: nothing more is stored, until `kvstore drain --undo` or a restart");
            changed.run();
        }
    }

    /** No more. */
    public void end() {
        if (since.getAndSet(null) != null) {
            log.atInfo().log("draining has ended: puts are taken again");
            changed.run();
        }
    }

    /** Whether puts are shed. */
    public boolean isOn() {
        return since.get() != null;
    }

    /** Since when; empty while it is not so. */
    public Optional<Instant> since() {
        return Optional.ofNullable(since.get());
    }
}
