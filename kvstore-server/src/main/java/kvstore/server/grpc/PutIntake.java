package kvstore.server.grpc;

import io.grpc.ServerCall;
import io.grpc.Status;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import kvstore.api.BlockChecksums;
import kvstore.v1.PutBegin;
import org.jspecify.annotations.Nullable;

/**
 * Where the frames of one Put stream meet the thread that serves it.
 *
 * <p>The serving thread publishes a place in a slab; frames are copied into it on the event loop as they arrive, and the
 * thread wakes when the place is full. Frames that arrive before there is a place for them wait here, undecoded in
 * Netty's buffers; {@link #FRAMES_AHEAD} bounds them, because a frame is asked for only when one was used up. The
 * connection's flow-control window then stops a client that sends faster than the disk writes.
 */
final class PutIntake {
    /** Frames that may wait for a place. Two, so that the next is on its way while one is copied. */
    private static final int FRAMES_AHEAD = 2;

    private final ServerCall<?, ?> call;
    private final int frameBytes;
    private final long stallNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition progress = lock.newCondition();
    private final Deque<PutFrame> waiting = new ArrayDeque<>();

    private @Nullable MemorySegment place;
    private BlockChecksums.@Nullable Accumulator checksums;
    private long placeFilled;

    /** Bytes that the current chunk may still bring; what goes beyond is the client's mistake. */
    private long chunkBytesLeft;

    private boolean discarding;
    private boolean halfClosed;
    private boolean cancelled;
    private @Nullable IOException malformed;

    /**
     * @param frameBytes most payload in one frame
     * @param stallNanos how long the client may send nothing
     */
    PutIntake(ServerCall<?, ?> call, int frameBytes, long stallNanos) {
        this.call = call;
        this.frameBytes = frameBytes;
        this.stallNanos = stallNanos;
    }

    /** Asks for the first frames. */
    void open() {
        call.request(FRAMES_AHEAD);
    }

    // What follows is called by gRPC, one call at a time.

    void onFrame(PutFrame frame) {
        lock.lock();
        try {
            if (cancelled || malformed != null) {
                return; // nobody would close it any more; gRPC does
            }
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
            progress.signalAll();
        } catch (IOException e) {
            malformed = e;
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void onHalfClose() {
        lock.lock();
        try {
            halfClosed = true;
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void onCancel() {
        lock.lock();
        try {
            cancelled = true;
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The client has taken answers. */
    void onReady() {
        lock.lock();
        try {
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // What follows is called by the serving thread.

    /** Waits until the client takes its answers: those that it leaves would pile up in Netty's buffers. */
    void awaitAnswersTaken() throws IOException, InterruptedException {
        lock.lock();
        try {
            while (!call.isReady()) {
                checkUsable();
                awaitProgress("the client read no answer");
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Goes on to the next chunk. Bytes of the current one that were not read are dropped.
     *
     * @return null when the client has no more
     */
    @Nullable
    PutBegin nextBegin() throws IOException, InterruptedException {
        lock.lock();
        try {
            discarding = true;
            place = null;
            while (true) {
                checkUsable();
                drainWaiting();
                PutFrame next = waiting.peek();
                if (next != null && next.begin() != null) {
                    PutBegin begin = next.begin();
                    next.beginTaken();
                    discarding = false;
                    // As the unsigned number that it is. One that is too long is refused, and its bytes are dropped.
                    chunkBytesLeft = begin.getLength() < 0 ? Long.MAX_VALUE : begin.getLength();
                    return begin;
                }
                if (halfClosed && waiting.isEmpty()) {
                    return null;
                }
                awaitProgress();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the current chunk's next bytes have arrived, so that memory is taken only for bytes that are there.
     *
     * @return false if the chunk ends before: the client has begun another one or has closed its side
     */
    boolean awaitData() throws IOException, InterruptedException {
        lock.lock();
        try {
            while (true) {
                checkUsable();
                drainWaiting();
                PutFrame next = waiting.peek();
                if (next != null) {
                    next.check();
                    return next.begin() == null;
                }
                if (halfClosed) {
                    return false;
                }
                awaitProgress();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Fills {@code target} with the current chunk's next bytes.
     *
     * @param sums takes the bytes as they pass
     * @return false if the chunk ends before, as in {@link #awaitData}
     */
    boolean readFully(MemorySegment target, BlockChecksums.Accumulator sums) throws IOException, InterruptedException {
        lock.lock();
        try {
            place = target;
            checksums = sums;
            placeFilled = 0;
            // Full comes first: what the client does wrong behind these bytes is nothing to them.
            while (placeFilled < target.byteSize()) {
                checkUsable();
                drainWaiting();
                if (placeFilled == target.byteSize()) {
                    return true;
                }
                if (!waiting.isEmpty() || halfClosed) {
                    return false;
                }
                awaitProgress();
            }
            return true;
        } finally {
            place = null;
            checksums = null;
            lock.unlock();
        }
    }

    /** Lets go of frames that nobody will read. */
    void close() {
        lock.lock();
        try {
            cancelled = true;
            waiting.forEach(PutFrame::close);
            waiting.clear();
        } finally {
            lock.unlock();
        }
    }

    private void drainWaiting() throws IOException {
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
        boolean wanted = discarding || (place != null && placeFilled < place.byteSize());
        if (frame.begin() != null || !wanted) {
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
        } else if (place != null && checksums != null) {
            int bytes = (int) Math.min(frame.dataBytesLeft(), place.byteSize() - placeFilled);
            if (bytes > 0) {
                MemorySegment target = place.asSlice(placeFilled, bytes);
                frame.copyTo(target);
                checksums.update(target);
                placeFilled += bytes;
                chunkBytesLeft -= bytes;
            }
        }
    }

    private void checkUsable() throws IOException {
        if (malformed != null) {
            throw malformed;
        }
        if (cancelled) {
            throw Status.CANCELLED.withDescription("the client has gone").asRuntimeException();
        }
    }

    private void awaitProgress() throws InterruptedException {
        awaitProgress("the client sent nothing");
    }

    private void awaitProgress(String otherwise) throws InterruptedException {
        @SuppressWarnings("WaitNotInLoop") // every caller looks again at what it waits for
        boolean signalled = progress.await(stallNanos, TimeUnit.NANOSECONDS);
        if (!signalled) {
            throw Status.DEADLINE_EXCEEDED
                    .withDescription(otherwise + " for " + stallNanos / 1_000_000 + " ms")
                    .asRuntimeException();
        }
    }
}
