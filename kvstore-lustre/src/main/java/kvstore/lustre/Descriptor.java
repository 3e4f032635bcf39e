package kvstore.lustre;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.IoFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A descriptor and who uses it: closed by the last one, because the kernel gives the number of a closed one to the next
 * file that is opened, and a late operation would then write into that.
 */
final class Descriptor {
    private static final Logger LOG = LoggerFactory.getLogger(Descriptor.class);

    private final int fd;
    private final Path file;
    private final FileOperations operations;

    /** One for the owner, and one for each user. */
    private final AtomicInteger references = new AtomicInteger(1);

    Descriptor(int fd, Path file, FileOperations operations) {
        this.fd = fd;
        this.file = file;
        this.operations = operations;
    }

    int number() {
        return fd;
    }

    /** Keeps it open until {@link #release()}; false if it is closed already. */
    boolean acquire() {
        return references.getAndUpdate(count -> count == 0 ? 0 : count + 1) > 0;
    }

    /** Ends what {@link #acquire()} or the owner began. */
    void release() {
        if (references.decrementAndGet() > 0) {
            return;
        }
        try {
            operations.close(fd, file);
        } catch (IoFailure e) {
            // nothing is lost: every write was answered for itself, and the descriptor is gone
            LOG.warn("{}", e.getMessage());
        }
    }
}
