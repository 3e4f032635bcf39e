package kvstore.server.region;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import kvstore.api.Region;

/**
 * The regions of all clients. A ticket, given out on the region socket, is what a client shows to use its region over
 * gRPC; both it and the number that it is exchanged for are random, so that nobody can name another client's memory.
 */
public final class Regions {
    /** Size of a ticket in bytes. */
    static final int TICKET_BYTES = 16;

    private final int countMax;
    private final SecureRandom random = new SecureRandom();
    private final Map<ByteBuffer, RegisteredRegion> byTicket = new ConcurrentHashMap<>();
    private final Map<Long, RegisteredRegion> byId = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final Map<RegionKind, RegionTally> tallies = new EnumMap<>(RegionKind.class);

    /** For at most {@code countMax} regions at one time. */
    public Regions(int countMax) {
        this.countMax = countMax;
        for (RegionKind kind : RegionKind.values()) {
            tallies.put(kind, new RegionTally());
        }
    }

    /** A region and what its client shows for it. */
    record Ticket(ByteBuffer bytes, RegisteredRegion region) {}

    /** Takes a region in; empty if there are too many. It is the caller's to {@link #giveUp}. */
    Optional<Ticket> add(Region memory) {
        if (count.incrementAndGet() > countMax) {
            count.decrementAndGet();
            return Optional.empty();
        }
        byte[] random16 = new byte[TICKET_BYTES];
        random.nextBytes(random16);
        ByteBuffer ticket = ByteBuffer.wrap(random16).asReadOnlyBuffer();
        RegisteredRegion region = new RegisteredRegion(random.nextLong(1, Long.MAX_VALUE), memory);
        byTicket.put(ticket, region);
        byId.put(region.id(), region);
        tally(region.kind()).added(memory.sizeBytes());
        return Optional.of(new Ticket(ticket, region));
    }

    /**
     * Lets nobody use the region any more, and unmaps it when the last user has left.
     *
     * @param afterwards runs then
     */
    void giveUp(Ticket ticket, Runnable afterwards) {
        RegisteredRegion region = ticket.region();
        byTicket.remove(ticket.bytes());
        byId.remove(region.id());
        RegionTally tally = tally(region.kind());
        boolean busy = region.revoke(() -> close(region.region(), () -> {
            tally.removed(region.region().sizeBytes());
            count.decrementAndGet();
            afterwards.run();
        }));
        tally.givenUp(busy);
    }

    /**
     * Unmaps memory that nobody uses any more, on a thread of its own: the kernel or a GPU's driver may take its time.
     *
     * @param afterwards runs then
     */
    static void close(Region memory, Runnable afterwards) {
        Thread.ofVirtual().name("region-end").start(() -> {
            try {
                memory.close();
            } finally {
                afterwards.run();
            }
        });
    }

    /** The figures of one kind. */
    public RegionTally tally(RegionKind kind) {
        return Objects.requireNonNull(tallies.get(kind));
    }

    /**
     * The number of the region that a ticket stands for, which is the caller's from now on.
     *
     * @param owner the caller's tenant, by its namespace
     */
    public Optional<Long> redeem(ByteBuffer ticket, long sizeBytes, String owner) throws SizeMismatchException {
        RegisteredRegion region = byTicket.get(ticket);
        if (region == null || !region.claim(owner)) {
            return Optional.empty();
        }
        if (region.region().sizeBytes() != sizeBytes) {
            throw new SizeMismatchException(sizeBytes, region.region().sizeBytes());
        }
        return Optional.of(region.id());
    }

    /** The region of this number, if it is this tenant's. */
    public Optional<RegisteredRegion> find(long id, String owner) {
        return Optional.ofNullable(byId.get(id)).filter(region -> region.isOf(owner));
    }

    /** The most there may be. */
    int countMax() {
        return countMax;
    }
}
