package kvstore.server.identity;

import com.google.common.util.concurrent.RateLimiter;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was asked for that only admins may, and who was turned away: the logger {@code kvstore.audit}. No line has a key, a
 * password or anything else that a caller chose at length. Whoever is refused often cannot fill the log: beyond
 * {@link #LINES_PER_SECOND} lines are counted and left out. Thread-safe.
 */
public final class Audit {
    /** Name of the logger. */
    public static final String LOGGER = "kvstore.audit";

    private static final Logger log = LoggerFactory.getLogger(LOGGER);
    private static final double LINES_PER_SECOND = 20;
    private static final int MAX_CHARACTERS = 256;

    private final RateLimiter lines = RateLimiter.create(LINES_PER_SECOND);
    private final AtomicLong leftOut = new AtomicLong();
    private final LongAdder admitted = new LongAdder();
    private final LongAdder refused = new LongAdder();

    /** An admin asked for something. */
    public void admitted(Caller caller, Tenant tenant, String what) {
        admitted.increment();
        if (lines.tryAcquire()) {
            log.atInfo()
                    .addKeyValue("event", "admin")
                    .addKeyValue("caller", shown(caller))
                    .addKeyValue("tenant", tenant.name())
                    .addKeyValue("call", what)
                    .addKeyValue("left_out", leftOut.getAndSet(0))
                    .log("an admin call");
        } else {
            leftOut.incrementAndGet();
        }
    }

    /** Somebody was turned away at a door. */
    public void refused(String door, Caller caller, String what, String reason) {
        refused.increment();
        if (lines.tryAcquire()) {
            log.atWarn()
                    .addKeyValue("event", "refused")
                    .addKeyValue("door", door)
                    .addKeyValue("caller", shown(caller))
                    .addKeyValue("call", what)
                    .addKeyValue("reason", cut(reason))
                    .addKeyValue("left_out", leftOut.getAndSet(0))
                    .log("a call was refused");
        } else {
            leftOut.incrementAndGet();
        }
    }

    /** Calls that only admins may make, and admins made. */
    public long admitted() {
        return admitted.sum();
    }

    /** Calls and logins that were refused. */
    public long refused() {
        return refused.sum();
    }

    private static String shown(Caller caller) {
        return cut(String.join(",", caller.identities()));
    }

    private static String cut(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return line.length() > MAX_CHARACTERS ? line.substring(0, MAX_CHARACTERS) + "..." : line;
    }
}
