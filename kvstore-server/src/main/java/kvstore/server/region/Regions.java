package kvstore.server.region;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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
    private final AtomicLong bytes = new AtomicLong();

    /** For at most {@code countMax} regions at one time. */
    public Regions(int countMax) {
        this.countMax = countMax;
    }

    /** A region and what its client shows for it. */
    record Ticket(ByteBuffer bytes, RegisteredRegion region) {}

    /** Takes a region in; empty if there are too many. It is the caller's to {@link #giveUp}. */
    Optional<Ticket> add(Region memory) {
        if (count.incrementAndGet() > countMax) {
            count.decrementAndGet();
            return Optional.empty();
        }
        bytes.addAndGet(memory.sizeBytes());
        byte[] random16 = new byte[TICKET_BYTES];
        random.nextBytes(random16);
        ByteBuffer ticket = ByteBuffer.wrap(random16).asReadOnlyBuffer();
        RegisteredRegion region = new RegisteredRegion(random.nextLong(1, Long.MAX_VALUE), memory);
        byTicket.put(ticket, region);
        byId.put(region.id(), region);
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
        region.revoke(() -> {
            bytes.addAndGet(-region.region().sizeBytes());
            count.decrementAndGet();
            region.region().close();
            afterwards.run();
        });
    }

    /** The number of the region that a ticket stands for. */
    public Optional<Long> redeem(ByteBuffer ticket, long sizeBytes) throws SizeMismatchException {
        RegisteredRegion region = byTicket.get(ticket);
        if (region == null) {
            return Optional.empty();
        }
        if (region.region().sizeBytes() != sizeBytes) {
            throw new SizeMismatchException(sizeBytes, region.region().sizeBytes());
        }
        return Optional.of(region.id());
    }

    /** The region of this number. */
    public Optional<RegisteredRegion> find(long id) {
        return Optional.ofNullable(byId.get(id));
    }

    /** How many there are. */
    public int count() {
        return count.get();
    }

    /** The most there may be. */
    int countMax() {
        return countMax;
    }

    /** What they take of their clients' address spaces together, in bytes. */
    public long bytes() {
        return bytes.get();
    }
}
