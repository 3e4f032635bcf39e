package kvstore.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.store.SimKey.Version;
import kvstore.store.SimKey.Watch;

/** Uses a store as the server does, in tasks of the {@link SimScheduler}, and tells the {@link SimModel} what came of it. */
final class SimClient {
    private static final int BLOCK = Blocks.BLOCK_BYTES;
    /** None so short that two versions of a key could be the same bytes. */
    private static final int[] LENGTHS = {9, 300, 300, 4097, BLOCK, BLOCK + 1, 2 * BLOCK + 77};

    private static final long[] WAITS_MILLIS = {0, 0, 5, 1000};
    private static final int HELD_MAX = 3;

    private record Open(SimKey key, Version version, Reservation reservation, Path file) {}

    private record Pin(SimKey key, PinnedChunk chunk, Path file) {}

    private final ChunkStore store;
    private final SimScheduler scheduler;
    private final SimModel model;
    private final SimFaults faults;
    private final Random random;
    private final ArrayDeque<MemorySegment> buffers = new ArrayDeque<>();
    private final List<Open> reservations = new ArrayList<>();
    private final List<Pin> pins = new ArrayList<>();
    private boolean closing;

    SimClient(ChunkStore store, SimScheduler scheduler, SimModel model, SimFaults faults, Random random) {
        this.store = store;
        this.scheduler = scheduler;
        this.model = model;
        this.faults = faults;
        this.random = random;
    }

    ChunkStore store() {
        return store;
    }

    private SimKey anyKey() {
        // A few keys are used much more than the others.
        int bound = random.nextBoolean() ? 4 : model.keys.size();
        return model.keys.get(random.nextInt(bound));
    }

    /** Does something. */
    void operate() {
        switch (random.nextInt(24)) {
            case 0, 1, 2, 3, 4, 5, 6 -> put(anyKey(), false);
            case 7 -> put(anyKey(), true);
            case 8, 9, 10, 11, 12, 13, 14 -> get(anyKey(), random.nextInt(6) == 0);
            case 15, 16 -> delete();
            case 17 -> endReservation();
            case 18, 19 -> endPin();
            case 20 -> lookup();
            case 21 -> release();
            case 22 -> look();
            default -> scheduler.advance(random.nextLong(TimeUnit.SECONDS.toNanos(random.nextInt(8) == 0 ? 70 : 1)));
        }
    }

    void getAll() {
        model.keys.forEach(key -> get(key, false));
    }

    /** @param keep the reservation is left open */
    void put(SimKey key, boolean keep) {
        int length = LENGTHS[random.nextInt(LENGTHS.length)];
        Watch watch = key.watch(scheduler.nanos());
        Duration wait = Duration.ofMillis(WAITS_MILLIS[random.nextInt(WAITS_MILLIS.length)]);
        switch (store.reserve(key.key, length, "", wait)) {
            case ReserveResult.Refused _, ReserveResult.InFlight _ -> {}
            case ReserveResult.AlreadyStored(long stored) -> {
                if (!watch.anything && watch.allowed.stream().noneMatch(v -> v.length() == stored)) {
                    throw new AssertionError(key + ": " + stored + " bytes are said to be stored");
                }
            }
            case ReserveResult.Reserved(Reservation reservation) -> {
                Version version = key.newVersion(length);
                Path file = SimFileSystemProvider.text(reservation.file().file());
                model.pinned(file);
                Open open = new Open(key, version, reservation, file);
                if (keep && reservations.size() < HELD_MAX) {
                    reservations.add(open);
                } else {
                    complete(open);
                }
            }
        }
        key.unwatch(watch);
    }

    /** Nothing holds a segment any more and nothing is broken: so this is stored. */
    void putAtLast() {
        SimKey key = model.keys.getFirst();
        delete(List.of(key));
        ReserveResult result = store.reserve(key.key, BLOCK, "", Duration.ofSeconds(10));
        if (!(result instanceof ReserveResult.Reserved(Reservation reservation))) {
            throw new AssertionError("nothing can be stored any more: " + result + ", " + store.stats());
        }
        Path file = SimFileSystemProvider.text(reservation.file().file());
        model.pinned(file);
        Open open = new Open(key, key.newVersion(BLOCK), reservation, file);
        try (reservation) {
            commit(open, write(reservation, key.bytes(open.version)));
        } catch (IoFailure e) {
            throw new AssertionError(e);
        } finally {
            model.unpinned(file);
        }
        get(key, false);
    }

    private void endReservation() {
        if (!reservations.isEmpty()) {
            complete(reservations.remove(random.nextInt(reservations.size())));
        }
    }

    private void complete(Open open) {
        try (Reservation reservation = open.reservation) {
            int what = random.nextInt(12);
            if (what == 0) {
                return;
            }
            BlockChecksums checksums = write(reservation, open.key.bytes(open.version));
            if (what > 1) {
                commit(open, checksums);
            }
        } catch (IoFailure e) {
            requireReason(e);
        } finally {
            model.unpinned(open.file);
        }
    }

    private void commit(Open open, BlockChecksums checksums) throws IoFailure {
        SimKey key = open.key;
        int faultsBefore = Objects.requireNonNull(scheduler.current()).faults;
        key.beginChange(open.version);
        try {
            open.reservation.commit(checksums);
        } catch (IoFailure e) {
            key.undoChange(open.version);
            if (Objects.requireNonNull(scheduler.current()).faults - faultsBefore > 1) {
                key.taint(); // neither written nor taken back
            }
            throw e;
        }
        key.endChange(open.version, true);
        key.used(scheduler.nanos());
        model.trace("committed", key);
        if (model.damagedFile(open.file)) {
            key.taint();
        }
    }

    private BlockChecksums write(Reservation reservation, byte[] value) throws IoFailure {
        MemorySegment buffer = takeBuffer();
        try {
            MemorySegment padded = buffer.asSlice(0, Blocks.roundUp(value.length));
            MemorySegment.copy(value, 0, padded, ValueLayout.JAVA_BYTE, 0, value.length);
            padded.asSlice(value.length).fill((byte) 0);
            BlockChecksums.Accumulator checksums = new BlockChecksums.Accumulator(value.length);
            checksums.update(padded.asSlice(0, value.length));
            Io.await(reservation.file().write(reservation.payloadOffset(), new HostBuffer(padded)));
            return checksums.finish();
        } finally {
            buffers.push(buffer);
        }
    }

    private MemorySegment takeBuffer() {
        MemorySegment free = buffers.poll();
        return free == null ? Arena.ofAuto().allocate(4L * BLOCK, BLOCK) : free;
    }

    /** @param keep the pin is left open */
    void get(SimKey key, boolean keep) {
        Watch watch = key.watch(scheduler.nanos());
        Evictions evictions = new Evictions();
        switch (store.pin(key.key)) {
            case PinResult.InFlight _ -> key.unwatch(watch);
            case PinResult.Away _, PinResult.Absent _ -> model.missed(key, watch, evictions.possible());
            case PinResult.Pinned(PinnedChunk chunk) -> {
                Path file = SimFileSystemProvider.text(chunk.file().file());
                model.pinned(file);
                Pin pin = new Pin(key, chunk, file);
                read(pin, watch);
                if (keep && pins.size() < HELD_MAX) {
                    pins.add(pin);
                } else {
                    unpin(pin);
                }
            }
        }
    }

    private void unpin(Pin pin) {
        model.unpinned(pin.file);
        pin.chunk.close();
    }

    private void endPin() {
        if (!pins.isEmpty()) {
            Pin pin = pins.remove(random.nextInt(pins.size()));
            // It may have been deleted or replaced meanwhile, but what is pinned stays as it is.
            MemorySegment buffer = takeBuffer();
            try {
                byte[] bytes = bytes(pin.chunk, buffer);
                if (pin.key.find(bytes) == null) {
                    throw new AssertionError(pin.key + ": bytes that never were put");
                }
            } catch (IoFailure e) {
                requireReason(e);
            } catch (CorruptRecordException e) {
                pin.chunk.quarantine(String.valueOf(e.getMessage()));
            } finally {
                buffers.push(buffer);
                unpin(pin);
            }
        }
    }

    private void read(Pin pin, Watch watch) {
        MemorySegment buffer = takeBuffer();
        try {
            byte[] bytes = bytes(pin.chunk, buffer);
            Version version = pin.key.find(bytes);
            if (version == null) {
                throw new AssertionError(pin.key + ": bytes that never were put, " + bytes.length);
            }
            model.found(pin.key, watch, version, true);
        } catch (IoFailure e) {
            pin.key.unwatch(watch);
            requireReason(e);
        } catch (CorruptRecordException e) {
            pin.key.unwatch(watch);
            pin.chunk.quarantine(String.valueOf(e.getMessage()));
        } finally {
            buffers.push(buffer);
        }
    }

    /** As the server proves a chunk. */
    private static byte[] bytes(PinnedChunk chunk, MemorySegment buffer) throws IoFailure, CorruptRecordException {
        MemorySegment memory = buffer.asSlice(0, chunk.recordBytes());
        Io.await(chunk.file().read(chunk.recordOffset(), new HostBuffer(memory)));
        BlockChecksums checksums = chunk.prove(memory.asSlice(0, BLOCK));
        MemorySegment payload = memory.asSlice(BLOCK, chunk.length());
        if (checksums.firstMismatch(0, payload) >= 0) {
            throw new CorruptRecordException("payload checksum");
        }
        return payload.toArray(ValueLayout.JAVA_BYTE);
    }

    private void delete() {
        delete(random.nextInt(3) > 0 ? List.of(anyKey()) : distinctKeys(3));
    }

    private void delete(List<SimKey> some) {
        List<Watch> watches =
                some.stream().map(key -> key.watch(scheduler.nanos())).toList();
        Evictions evictions = new Evictions();
        List<Boolean> owed = some.stream().map(key -> key.hideOwed).toList();
        some.forEach(key -> {
            key.beginDelete();
            key.hideOwed = true;
        });
        some.forEach(key -> model.trace("delete", key));
        BitSet deleted = store.delete(some.stream().map(key -> key.key).toList());
        for (int i = 0; i < some.size(); i++) {
            SimKey key = some.get(i);
            boolean written = !key.hideOwed;
            Watch watch = watches.get(i);
            key.unwatch(watch);
            boolean mayBeAway = watch.anything || evictions.possible() || model.closing || model.mayBeIdle(key);
            if (!deleted.get(i) && !mayBeAway && !watch.allowed.contains(SimKey.MISS)) {
                throw new AssertionError(key + ": a delete did not find it, right were " + watch.allowed);
            }
            // A store that has closed has forgotten everything, and only in memory.
            key.endChange(SimKey.MISS, deleted.get(i) || written || !(key.tainted() || model.closing));
            key.hideOwed &= deleted.get(i) || owed.get(i);
            if (written && model.damagedFile(key.hideFile)) {
                key.taint();
            }
        }
    }

    private List<SimKey> distinctKeys(int most) {
        return random.ints(most, 0, model.keys.size())
                .distinct()
                .mapToObj(model.keys::get)
                .toList();
    }

    private void lookup() {
        List<SimKey> some = distinctKeys(6);
        List<Watch> watches =
                some.stream().map(key -> key.watch(scheduler.nanos())).toList();
        Evictions evictions = new Evictions();
        List<ChunkKey> keys = some.stream().map(key -> key.key).toList();
        long millis = random.nextInt(3) * 200L;
        LookupResult result = store.lookup(keys, "", millis);
        List<SimKey> held = new ArrayList<>();
        for (int i = 0; i < some.size(); i++) {
            SimKey key = some.get(i);
            Watch watch = watches.get(i);
            if (!result.found().get(i)) {
                model.missed(key, watch, evictions.possible());
                continue;
            }
            long size = result.sizes()[i];
            key.unwatch(watch);
            if (!watch.anything && watch.allowed.stream().noneMatch(v -> !v.isMiss() && v.length() == size)) {
                throw new AssertionError(key + ": a lookup found " + size + " bytes");
            }
            held.add(key);
        }
        if (result.leaseId() != 0) {
            model.granted(result.leaseId(), scheduler.nanos() + TimeUnit.MILLISECONDS.toNanos(millis), held);
        }
    }

    private void release() {
        SimModel.Lease lease = model.anyLease(random.nextInt(100));
        if (lease != null) {
            model.released(lease);
            store.release(lease.id());
        }
    }

    /** The answers that change nothing. They share one buffer, so nobody else may have a turn. */
    private void look() {
        scheduler.undisturbed(() -> {
            if (random.nextBoolean()) {
                SimKey key = anyKey();
                store.explain(key.key);
            } else {
                String token = "";
                do {
                    ListPage page = store.list(5, token, new byte[0]);
                    page.chunks().forEach(chunk -> {
                        if (model.keys.stream().noneMatch(key -> key.key.equals(chunk.key()))) {
                            throw new AssertionError(chunk + " is listed");
                        }
                    });
                    token = page.nextPageToken();
                } while (!token.isEmpty());
            }
        });
    }

    void close() {
        closing = true;
        model.closing = true;
        store.close();
    }

    /** Lets go of everything that keeps segments from eviction. */
    void letGo() {
        while (!reservations.isEmpty()) {
            endReservation();
        }
        while (!pins.isEmpty()) {
            endPin();
        }
    }

    private void requireReason(IoFailure e) {
        boolean closed = closing && e.kind() == IoFailure.Kind.CLOSED;
        boolean injected = faults.error() > 0 || faults.silent() > 0 || faults.powerLoss();
        if (!closed && !injected) {
            throw new AssertionError("an operation failed on a disk that did not: " + e.getMessage(), e);
        }
    }

    /** Whether an eviction may have been under way at any time since this was made. */
    private final class Evictions {
        private final boolean active = scheduler.backgroundActive();
        private final int starts = scheduler.backgroundStarts();

        boolean possible() {
            return active || starts != scheduler.backgroundStarts();
        }
    }
}
