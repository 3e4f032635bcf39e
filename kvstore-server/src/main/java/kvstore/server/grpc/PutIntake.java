package kvstore.server.grpc;

import io.grpc.ServerCall;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import kvstore.server.transfer.Intake;
import kvstore.v1.PutBegin;
import org.jspecify.annotations.Nullable;

/**
 * Where the frames of one Put stream meet the thread that serves it.
 *
 * <p>Frames that arrive before there is a place for them wait here, undecoded in Netty's buffers; {@link #FRAMES_AHEAD}
 * bounds them, because a frame is asked for only when one was used up. The connection's flow-control window then stops a
 * client that sends faster than the disk writes.
 */
final class PutIntake extends Intake {
    /** Frames that may wait for a place. Two, so that the next is on its way while one is copied. */
    private static final int FRAMES_AHEAD = 2;

    private final ServerCall<?, ?> call;
    private final int frameBytes;
    private final Deque<PutFrame> waiting = new ArrayDeque<>();

    /** Bytes that the current chunk may still bring; what goes beyond is the client's mistake. */
    private long chunkBytesLeft;

    private boolean discarding;
    private boolean halfClosed;

    /**
     * @param frameBytes most payload in one frame
     * @param stallNanos how long the client may send nothing
     */
    PutIntake(ServerCall<?, ?> call, int frameBytes, long stallNanos) {
        super(stallNanos);
        this.call = call;
        this.frameBytes = frameBytes;
    }

    /** Asks for the first frames. */
    void open() {
        call.request(FRAMES_AHEAD);
    }

    // What follows is called by gRPC, one call at a time.

    void onFrame(PutFrame frame) {
        changed(() -> {
            if (isOver()) {
                return; // nobody would close it any more; gRPC does
            }
            try {
                accept(frame);
            } catch (IOException e) {
                fail(e);
            }
        });
    }

    private void accept(PutFrame frame) throws IOException {
        if (frame.dataBytesLeft() > frameBytes) {
            frame.refuse(new IOException(
                    "data has " + frame.dataBytesLeft() + " bytes; at most " + frameBytes + " are allowed"));
        }
        if (waiting.isEmpty()) {
            consume(frame);
        }
        if (frame.isDone()) {
            call.request(1);
        } else {
            frame.detach();
            waiting.add(frame);
        }
    }

    void onHalfClose() {
        changed(() -> halfClosed = true);
    }

    /** The client has taken answers. */
    void onReady() {
        changed(() -> {});
    }

    // What follows is called by the serving thread.

    /** Waits until the client takes its answers: those that it leaves would pile up in Netty's buffers. */
    void awaitAnswersTaken() throws IOException, InterruptedException {
        lock().lock();
        try {
            while (!call.isReady()) {
                requireUsable();
                awaitProgress("the client read no answer");
            }
        } finally {
            lock().unlock();
        }
    }

    /**
     * Goes on to the next chunk. Bytes of the current one that were not read are dropped.
     *
     * @return null when the client has no more
     */
    @Nullable
    PutBegin nextBegin() throws IOException, InterruptedException {
        lock().lock();
        try {
            discarding = true;
            while (true) {
                requireUsable();
                moveArrived();
                PutFrame next = waiting.peek();
                if (next != null && next.begin() != null) {
                    PutBegin begin = next.begin();
                    next.beginTaken();
                    discarding = false;
                    // As the unsigned number that it is. One that is too long is refused, and its bytes are dropped.
                    chunkBytesLeft = begin.getLength() < 0 ? Long.MAX_VALUE : begin.getLength();
                    return begin;
                }
                if (hasEnded()) {
                    return null;
                }
                awaitProgress("the client sent nothing");
            }
        } finally {
            lock().unlock();
        }
    }

    @Override
    protected boolean hasBytes() throws IOException {
        PutFrame next = waiting.peek();
        if (next == null) {
            return false;
        }
        next.check();
        return next.begin() == null;
    }

    /** The client has begun another chunk, or has closed its side. */
    @Override
    protected boolean hasEnded() {
        return !waiting.isEmpty() || halfClosed;
    }

    /** Lets go of frames that nobody will read. */
    void close() {
        gone();
        locked(() -> {
            waiting.forEach(PutFrame::close);
            waiting.clear();
        });
    }

    @Override
    protected void moveArrived() throws IOException {
        for (PutFrame next = waiting.peek(); next != null; next = waiting.peek()) {
            consume(next);
            if (!next.isDone()) {
                return;
            }
            waiting.remove();
            next.close();
            call.request(1);
        }
    }

    /**
     * Moves what it can of the first frame to where it belongs: the place, or nowhere. If it can nothing, it does not look
     * for mistakes either, because the bytes before may still be on their way to disk.
     */
    private void consume(PutFrame frame) throws IOException {
        if (frame.begin() != null || !(discarding || roomBytes() > 0)) {
            return;
        }
        frame.check();
        if (frame.dataBytesLeft() > chunkBytesLeft) {
            throw new IOException("data: %d bytes more than begin.length announced"
                    .formatted(frame.dataBytesLeft() - chunkBytesLeft));
        }
        if (discarding) {
            chunkBytesLeft -= frame.dataBytesLeft();
            frame.skip();
        } else {
            long bytes = Math.min(frame.dataBytesLeft(), roomBytes());
            if (bytes > 0) {
                fill(bytes, frame::copyTo);
                chunkBytesLeft -= bytes;
            }
        }
    }
}
