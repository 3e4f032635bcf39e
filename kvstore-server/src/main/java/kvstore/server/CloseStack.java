package kvstore.server;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes what was started, last first, whatever fails on the way. Used by one thread. */
final class CloseStack implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CloseStack.class);

    private final Deque<AutoCloseable> started = new ArrayDeque<>();

    /** Takes over the duty to close something. */
    <T extends AutoCloseable> T add(T resource) {
        started.push(resource);
        return resource;
    }

    @Override
    public void close() {
        while (!started.isEmpty()) {
            AutoCloseable resource = started.pop();
            try {
                resource.close();
            } catch (Exception e) {
                log.atWarn()
                        .addKeyValue("part", resource.getClass().getSimpleName())
                        .setCause(e)
                        .log("a part of the daemon did not close cleanly");
            }
        }
    }
}
