package kvstore.server.transfer;

import io.netty.buffer.ByteBuf;
import java.io.IOException;

/**
 * The {@link Intake} of a door whose values come straight off a socket, their length announced before.
 *
 * <p>It holds no bytes itself: what has no place yet stays in the door's buffer, and the door reads no more from the socket
 * while {@link #offer} leaves something. The door is woken when there is a place.
 */
public final class SocketIntake extends Intake {
    private final Runnable wake;

    private long bytesLeft;
    private boolean bytesWait;
    private boolean dropping;

    /**
     * @param stallNanos how long the peer may send nothing in the middle of a value
     * @param wake makes the event loop {@link #offer} again; called with a lock held, so it only hands over to it
     */
    public SocketIntake(long stallNanos, Runnable wake) {
        super(stallNanos);
        this.wake = wake;
    }

    // What follows is called by the event loop.

    /** A value of {@code length} bytes comes next; the one before has come to its end. */
    public void begin(long length) {
        changed(() -> {
            bytesLeft = length;
            bytesWait = false;
            dropping = false;
            advanced();
        });
    }

    /**
     * Takes what there is a place for; the rest stays in {@code in}.
     *
     * @return whether the value has come to its end
     */
    public boolean offer(ByteBuf in) {
        lock().lock();
        try {
            while (in.isReadable() && bytesLeft > 0 && (dropping || roomBytes() > 0)) {
                move(in);
            }
            boolean waits = in.isReadable() && bytesLeft > 0;
            if (bytesLeft == 0 || (waits && !bytesWait)) {
                changed(() -> bytesWait = waits);
            }
            return bytesLeft == 0;
        } finally {
            lock().unlock();
        }
    }

    private void move(ByteBuf in) {
        int bytes = (int) Math.min(in.readableBytes(), bytesLeft);
        if (dropping) {
            in.skipBytes(bytes);
            advanced();
        } else {
            bytes = (int) Math.min(bytes, roomBytes());
            try {
                fill(bytes, target -> in.readBytes(target.asByteBuffer()));
            } catch (IOException e) {
                throw new AssertionError("memory cannot fail to be copied", e);
            }
        }
        bytesLeft -= bytes;
    }

    // What follows is called by the serving thread.

    /**
     * Drops what is left of the value, as it comes, and waits for its end.
     *
     * @throws PeerGoneException if the peer goes before
     * @throws PeerStalledException if the peer stops to send
     */
    public void drop() throws IOException, InterruptedException {
        lock().lock();
        try {
            dropping = true;
            while (bytesLeft > 0) {
                requireUsable();
                moveArrived();
                awaitProgress("the client sent nothing");
            }
        } finally {
            lock().unlock();
        }
    }

    @Override
    protected void moveArrived() {
        if (bytesWait && (dropping || roomBytes() > 0)) {
            bytesWait = false;
            wake.run();
        }
    }

    @Override
    protected boolean hasBytes() {
        return bytesWait;
    }

    /** Never: a value ends before its length only together with the connection. */
    @Override
    protected boolean hasEnded() {
        return false;
    }
}
