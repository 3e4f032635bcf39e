package kvstore.server;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.slf4j.LoggerFactory;

/**
 * Hears when Netty finds a buffer that nobody released. Netty's own detector is installed once for a whole JVM, so what
 * listens here is the log that it writes to, which can be done at any time. Wants
 * {@code -Dio.netty.leakDetection.level=paranoid}.
 */
final class NettyLeaks implements AutoCloseable {
    private static final Duration COLLECTION_LIMIT = Duration.ofSeconds(30);

    private final Logger logger = (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);
    private final List<String> reports = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            reports.add(event.getFormattedMessage());
        }
    };

    NettyLeaks() {
        if (ResourceLeakDetector.getLevel() != ResourceLeakDetector.Level.PARANOID) {
            throw new IllegalStateException("Netty's leak detector is not at level paranoid");
        }
        appender.setContext(logger.getLoggerContext());
        appender.start();
        logger.addAppender(appender);
        // A report has hundreds of lines, and the failure of the test shows them.
        logger.setAdditive(false);
    }

    /** What was found up to now, after a look for everything that is lost already. */
    List<String> find() {
        // Twice, because what the first collection frees may be what held a buffer.
        for (int i = 0; i < 2; i++) {
            collect();
            // The detector looks at what was collected when the next buffer is handed out.
            PooledByteBufAllocator.DEFAULT.buffer().release();
        }
        return List.copyOf(reports);
    }

    @Override
    public void close() {
        logger.setAdditive(true);
        logger.detachAppender(appender);
        appender.stop();
    }

    /** Runs the collector until it is seen to have put a lost object into its queue. */
    private static void collect() {
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        WeakReference<Object> lost = new WeakReference<>(new Object(), queue);
        Awaitility.await().atMost(COLLECTION_LIMIT).until(() -> {
            System.gc();
            return lost.refersTo(null) && queue.poll() != null;
        });
    }
}
