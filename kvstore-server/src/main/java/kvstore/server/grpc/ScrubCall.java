package kvstore.server.grpc;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.TimeUnit;
import kvstore.server.scrub.Scrubs;
import kvstore.store.BadRecord;
import kvstore.store.ScrubReport;
import kvstore.v1.ScrubRequest;
import kvstore.v1.ScrubResponse;
import kvstore.v1.ScrubbedRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One call of Scrub: answers while it runs, on a thread of its own. */
final class ScrubCall implements Scrubs.Watcher {
    private static final Logger log = LoggerFactory.getLogger(ScrubCall.class);
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int BAD_TOLD_MAX = 1000;

    private final Scrubs scrubs;
    private final ScrubRequest request;
    private final ServerCallStreamObserver<ScrubResponse> observer;
    private long answeredNanos = System.nanoTime();
    private int badTold;
    private ScrubReport last = ScrubReport.NOTHING;

    ScrubCall(Scrubs scrubs, ScrubRequest request, ServerCallStreamObserver<ScrubResponse> observer) {
        this.scrubs = scrubs;
        this.request = request;
        this.observer = observer;
        // Without a handler, an answer to a call that was cancelled would throw.
        observer.setOnCancelHandler(() -> {});
    }

    void run() {
        if (request.getBytesPerSecond() < 0) {
            observer.onError(Requests.invalid(
                    "bytes_per_second is " + Long.toUnsignedString(request.getBytesPerSecond()) + "; it is too large"));
            return;
        }
        try {
            ScrubReport report =
                    scrubs.run(request.getBytesPerSecond(), !request.getReportOnly(), observer::isCancelled, this);
            if (!observer.isCancelled()) {
                observer.onNext(wire(report).build());
                observer.onCompleted();
            }
        } catch (IllegalStateException e) {
            observer.onError(
                    Status.FAILED_PRECONDITION.withDescription(e.getMessage()).asRuntimeException());
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("a scrub failed by a mistake in this program");
            observer.onError(Status.INTERNAL
                    .withDescription("the scrub failed inside the daemon; its log has more")
                    .asRuntimeException());
        }
    }

    @Override
    public void seen(ScrubReport soFar) {
        last = soFar;
        long now = System.nanoTime();
        // A client that does not read gets fewer answers, not a queue of them.
        if (now - answeredNanos >= ANSWER_NANOS && observer.isReady()) {
            answeredNanos = now;
            observer.onNext(wire(soFar).build());
        }
    }

    @Override
    public void bad(BadRecord record) {
        if (badTold++ < BAD_TOLD_MAX) {
            ScrubbedRecord.Builder bad = ScrubbedRecord.newBuilder()
                    .setSegmentFile(record.file().toString())
                    .setOffset(record.offset())
                    .setLength(record.length())
                    .setReason(record.reason());
            if (record.key() != null) {
                bad.setKey(ByteString.copyFrom(record.key().bytes()));
            }
            observer.onNext(wire(last).setBad(bad).build());
        }
    }

    private static ScrubResponse.Builder wire(ScrubReport report) {
        return ScrubResponse.newBuilder()
                .setSegmentsDone(report.segmentsDone())
                .setSegments(report.segments())
                .setRecords(report.records())
                .setBytes(report.bytes())
                .setBadRecords(report.badRecords())
                .setUnreadRecords(report.unreadRecords())
                .setUnreadSegments(report.unreadSegments())
                .setComplete(report.complete());
    }
}
