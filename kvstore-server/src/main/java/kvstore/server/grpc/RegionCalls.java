package kvstore.server.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import kvstore.server.identity.Tenant;
import kvstore.server.region.RegionAccess;
import kvstore.server.region.RegionItem;
import kvstore.server.region.RegisteredRegion;
import kvstore.server.region.SizeMismatchException;
import kvstore.server.transfer.PutOutcome;
import kvstore.server.transfer.Transfers;
import kvstore.v1.GetStatus;
import kvstore.v1.LoadIntoRequest;
import kvstore.v1.LoadResult;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.RegisterRegionRequest;
import kvstore.v1.RegisterRegionResponse;
import kvstore.v1.StoreFromRequest;
import kvstore.v1.StoreResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The calls that move chunks between the disk and regions. A virtual thread walks through the items of a call and starts
 * a few at a time, each on a virtual thread of its own, which answers it when it has ended.
 *
 * <p>A call that is cancelled starts no more items; those that have begun come to their end, because the kernel cannot be
 * stopped in the middle of a client's memory.
 */
final class RegionCalls {
    private static final Logger log = LoggerFactory.getLogger(RegionCalls.class);

    /** Items of one call that are under way. Enough to keep a device busy, few enough to leave others their turn. */
    private static final int ITEMS_AHEAD = 16;

    private final Transfers transfers;
    private final RegionAccess access;

    RegionCalls(Transfers transfers, RegionAccess access) {
        this.transfers = transfers;
        this.access = access;
    }

    String socket() {
        return access.socket();
    }

    RegisterRegionResponse register(RegisterRegionRequest request) {
        try {
            Optional<Long> id = access.regions()
                    .redeem(
                            ByteBuffer.wrap(request.getTicket().toByteArray()),
                            request.getSizeBytes(),
                            CallerGate.tenant().namespace());
            return RegisterRegionResponse.newBuilder()
                    .setRegionId(id.orElseThrow(() -> Status.NOT_FOUND
                            .withDescription("ticket is not known: its connection on the region socket has gone")
                            .asRuntimeException()))
                    .build();
        } catch (SizeMismatchException e) {
            throw Requests.invalid(String.valueOf(e.getMessage()));
        }
    }

    void storeFrom(StoreFromRequest request, StreamObserver<StoreResult> observer) {
        serve(observer, () -> {
            Requests.checkClientId(request.getClientId());
            RegisteredRegion region = region(request.getRegionId());
            List<RegionItem> items = items(request.getItemsList(), region);
            return new Call<>(items, request.getTimeoutMillis(), observer) {
                @Override
                StoreResult late(int index) {
                    return result(
                            index,
                            PutOutcome.shed(PutReason.PUT_REASON_DEADLINE, "timeout_millis was over before its turn"));
                }

                @Override
                StoreResult move(int index, RegionItem item) throws InterruptedException {
                    return result(index, access.mover().store(region, item, request.getClientId()));
                }
            };
        });
    }

    void loadInto(LoadIntoRequest request, StreamObserver<LoadResult> observer) {
        serve(observer, () -> {
            RegisteredRegion region = region(request.getRegionId());
            List<RegionItem> items = items(request.getItemsList(), region);
            Optional<Long> deadlineNanos = Deadlines.ofCallWithin(Integer.toUnsignedLong(request.getTimeoutMillis()));
            return new Call<>(items, request.getTimeoutMillis(), observer) {
                @Override
                LoadResult late(int index) {
                    return result(index, MissReason.MISS_REASON_DEADLINE);
                }

                @Override
                LoadResult move(int index, RegionItem item) throws InterruptedException {
                    return result(index, access.mover().load(region, item, deadlineNanos));
                }
            };
        });
    }

    private static StoreResult result(int index, PutOutcome outcome) {
        return StoreResult.newBuilder()
                .setIndex(index)
                .setStatus(outcome.status())
                .setReason(outcome.reason())
                .setMessage(outcome.message())
                .build();
    }

    private static LoadResult result(int index, MissReason miss) {
        return LoadResult.newBuilder()
                .setIndex(index)
                .setStatus(
                        miss == MissReason.MISS_REASON_UNSPECIFIED
                                ? GetStatus.GET_STATUS_HIT
                                : GetStatus.GET_STATUS_MISS)
                .setReason(miss)
                .build();
    }

    private RegisteredRegion region(long id) {
        return access.regions()
                .find(id, CallerGate.tenant().namespace())
                .orElseThrow(() -> Status.NOT_FOUND
                        .withDescription("region_id is not known: its connection on the region socket has gone")
                        .asRuntimeException());
    }

    /** The items of a request, none of which may be outside the region, whatever else is wrong with it. */
    private List<RegionItem> items(List<kvstore.v1.RegionItem> requested, RegisteredRegion region) {
        Requests.checkCount("items", requested.size(), transfers.maxKeys());
        List<RegionItem> items = new ArrayList<>(requested.size());
        long sizeBytes = region.region().sizeBytes();
        Tenant tenant = CallerGate.tenant();
        for (int i = 0; i < requested.size(); i++) {
            kvstore.v1.RegionItem item = requested.get(i);
            int index = i;
            Requests.checkKey(() -> "items[" + index + "].key", item.getKey());
            long offset = item.getOffset();
            long length = item.getLength();
            if (length <= 0 || length > transfers.maxValueBytes()) {
                throw Requests.invalid("items[%d].length is %s; 1 to %d are allowed (data.max-value-size)"
                        .formatted(i, Long.toUnsignedString(length), transfers.maxValueBytes()));
            }
            if (offset < 0 || offset > sizeBytes - length) {
                throw Requests.invalid("items[%d] is [%s, +%d) of a region of %d bytes"
                        .formatted(i, Long.toUnsignedString(offset), length, sizeBytes));
            }
            items.add(new RegionItem(tenant.key(item.getKey().toByteArray()), offset, length));
        }
        return items;
    }

    private interface Check<T> {
        Call<T> call();
    }

    /** Checks a request on the thread that brought it, and serves it on one of its own. */
    private static <T> void serve(StreamObserver<T> observer, Check<T> check) {
        Call<T> call;
        try {
            call = check.call();
        } catch (StatusRuntimeException e) {
            observer.onError(e);
            return;
        }
        Thread.ofVirtual().name("region-call").start(call);
    }

    /** One call under way. */
    private abstract static class Call<T> implements Runnable {
        private final List<RegionItem> items;
        private final long timeoutMillis;
        private final ServerCallStreamObserver<T> observer;
        private final AtomicBoolean cancelled = new AtomicBoolean();
        private final Semaphore ahead = new Semaphore(ITEMS_AHEAD);
        private final long startNanos = System.nanoTime();

        Call(List<RegionItem> items, int timeoutMillis, StreamObserver<T> observer) {
            this.items = items;
            this.timeoutMillis = Integer.toUnsignedLong(timeoutMillis);
            this.observer = (ServerCallStreamObserver<T>) observer;
            this.observer.setOnCancelHandler(() -> cancelled.set(true));
        }

        /** The answer for an item whose turn came too late. */
        abstract T late(int index);

        /** Moves one item, and returns its answer when it has ended. */
        abstract T move(int index, RegionItem item) throws InterruptedException;

        @Override
        public void run() {
            for (int index = 0; index < items.size() && !cancelled.get(); index++) {
                ahead.acquireUninterruptibly();
                if (isLate()) {
                    answer(late(index));
                    ahead.release();
                } else {
                    start(index);
                }
            }
            ahead.acquireUninterruptibly(ITEMS_AHEAD);
            end();
        }

        private boolean isLate() {
            return timeoutMillis != 0 && System.nanoTime() - startNanos > timeoutMillis * 1_000_000;
        }

        private void start(int index) {
            Thread.ofVirtual().name("region-item").start(() -> {
                try {
                    answer(move(index, items.get(index)));
                } catch (InterruptedException _) {
                    cancelled.set(true);
                } catch (RuntimeException | Error e) {
                    log.atError().setCause(e).log("a region's item failed by a mistake in this program");
                    cancelled.set(true);
                } finally {
                    ahead.release();
                }
            });
        }

        private synchronized void answer(T result) {
            if (!observer.isCancelled()) {
                observer.onNext(result);
            }
        }

        private synchronized void end() {
            if (observer.isCancelled()) {
                return;
            }
            if (cancelled.get()) {
                observer.onError(Status.INTERNAL
                        .withDescription("the call failed inside the daemon; its log has more")
                        .asRuntimeException());
            } else {
                observer.onCompleted();
            }
        }
    }
}
