package kvstore.server.region;

import kvstore.api.Region;
import org.jspecify.annotations.Nullable;

/**
 * A client's region between its registration and the last use of it. Counts its users, because memory that the kernel
 * still writes to must not be unmapped, and its client must not use it for anything else: see {@link #revoke}.
 */
public final class RegisteredRegion {
    private final long id;
    private final Region region;
    private @Nullable String owner;
    private int users;
    private boolean revoked;
    private @Nullable Runnable whenQuiet;

    RegisteredRegion(long id, Region region) {
        this.id = id;
        this.region = region;
    }

    long id() {
        return id;
    }

    RegionKind kind() {
        return RegionKind.of(region);
    }

    /** The memory, for whoever has {@link #enter}ed. */
    public Region region() {
        return region;
    }

    /** Gives it to a tenant, unless another one has it. */
    synchronized boolean claim(String tenant) {
        if (owner == null) {
            owner = tenant;
        }
        return owner.equals(tenant);
    }

    synchronized boolean isOf(String tenant) {
        return tenant.equals(owner);
    }

    /** Keeps the memory until {@link #leave}; false if it is given up already. */
    public synchronized boolean enter() {
        if (revoked) {
            return false;
        }
        users++;
        return true;
    }

    /** Ends what {@link #enter} began. */
    public void leave() {
        Runnable last;
        synchronized (this) {
            users--;
            last = revoked && users == 0 ? whenQuiet : null;
        }
        if (last != null) {
            last.run();
        }
    }

    /** Whether the client has given it up, so that what was stored from it must not become visible any more. */
    public synchronized boolean isRevoked() {
        return revoked;
    }

    /**
     * Lets nobody in any more.
     *
     * @param quiet runs once, when the last user has left; at once if there is none
     * @return whether there is one
     */
    boolean revoke(Runnable quiet) {
        synchronized (this) {
            if (revoked) {
                return users > 0;
            }
            revoked = true;
            whenQuiet = quiet;
            if (users > 0) {
                return true;
            }
        }
        quiet.run();
        return false;
    }
}
