package kvstore.server.transfer;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Writes to a socket for a thread that has to know when the kernel has taken the bytes, because they lie in a slab that it
 * gives back then. Nothing is copied on the way. Used by one thread; {@link #gone} may come from any.
 */
public final class SocketOutlet {
    private final Channel channel;
    private final long stallNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition progress = lock.newCondition();

    private long pending;
    private boolean gone;

    /** @param stallNanos how long the peer may take none of what was written */
    public SocketOutlet(Channel channel, long stallNanos) {
        this.channel = channel;
        this.stallNanos = stallNanos;
    }

    /**
     * Adds a message that the channel's handlers understand; {@link #flush} sends it. Slabs wrapped in it stay the caller's
     * and must live until {@link #flush} returns or throws.
     */
    public void write(Object message) {
        lock.lock();
        try {
            pending++;
        } finally {
            lock.unlock();
        }
        var _ = channel.write(message).addListener((ChannelFuture written) -> written(written.isSuccess()));
    }

    /**
     * Sends what was written, and waits until it has gone.
     *
     * @throws PeerGoneException if the connection ended; nothing reads from the slabs any more then
     * @throws PeerStalledException if the peer took nothing for too long; the connection is closed then, and nothing reads
     *     from the slabs any more
     */
    public void flush() throws IOException {
        channel.flush();
        lock.lock();
        try {
            boolean stalled = false;
            while (pending > 0) {
                long before = pending;
                // Not interruptible: the slabs may go only when the kernel has let go of them.
                if (!awaitUninterruptibly() && pending == before && !stalled) {
                    stalled = true;
                    var _ = channel.close();
                }
            }
            if (stalled) {
                throw new PeerStalledException("the client read nothing for " + stallNanos / 1_000_000 + " ms");
            }
            if (gone) {
                throw new PeerGoneException();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitUninterruptibly() {
        boolean interrupted = false;
        long end = System.nanoTime() + stallNanos;
        try {
            while (true) {
                try {
                    @SuppressWarnings("WaitNotInLoop") // the caller looks again at what it waits for
                    boolean signalled = progress.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                    return signalled;
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void written(boolean success) {
        lock.lock();
        try {
            pending--;
            gone |= !success;
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
