package kvstore.server.identity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import kvstore.api.ChunkKey;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is which tenant. Without a file there is one, {@link Tenant#DEFAULT}, everybody is it, and everybody is admin, as
 * before there were tenants. With a file, who is not named in it is nobody, but for root and the daemon's own user on Unix
 * sockets, who stay the default tenant and admins. Thread-safe.
 */
public final class Tenants {
    private static final Logger log = LoggerFactory.getLogger(Tenants.class);
    private static final String ROOT = "uid:0";

    /** Most tenants between a start and a stop: each has time series, which stay. */
    public static final int MAX_KNOWN = 1024;

    private final String ownUid;
    private final Tenant fallback = new Tenant(Tenant.DEFAULT, TenantLimits.NONE.asAdmin());

    /** All that there were since the start: one that comes back has its figures still. */
    private final Map<String, Tenant> known = new TreeMap<>(Map.of(Tenant.DEFAULT, fallback));

    /** By the namespace of their keys. */
    private final Map<String, Tenant> owners = new ConcurrentHashMap<>(Map.of(fallback.namespace(), fallback));

    private Consumer<Tenant> watcher = _ -> {};

    private volatile Table table = new Table(false, Map.of(), List.of(fallback));

    /** @param strict whether only those with an identity here are somebody */
    private record Table(boolean strict, Map<String, Grant> byIdentity, Collection<Tenant> all) {}

    private final Grant everybody = new Grant(fallback, true);

    private Tenants(String ownUid) {
        this.ownUid = ownUid;
    }

    /** One tenant, which everybody is. */
    public static Tenants single() {
        return new Tenants("uid:" + ownUid());
    }

    /**
     * Reads the file.
     *
     * @throws IOException if it is of no use; the message has every mistake, with its line
     */
    public static Tenants read(Path file) throws IOException {
        Tenants tenants = single();
        tenants.load(file);
        return tenants;
    }

    /** Reads the file again; a mistake in it is logged and changes nothing. */
    public void reload(Path file) {
        try {
            load(file);
            log.atInfo()
                    .addKeyValue("file", file)
                    .addKeyValue("tenants", table.all().size())
                    .log("tenants were read again");
        } catch (IOException e) {
            log.atError().addKeyValue("problem", e.getMessage()).log("tenants are wrong; those before stay");
        }
    }

    private synchronized void load(Path file) throws IOException {
        List<TenantsFile.Entry> entries = TenantsFile.read(file);
        long names = entries.stream()
                        .filter(entry -> !known.containsKey(entry.name()))
                        .count()
                + known.size();
        if (names > MAX_KNOWN) {
            throw new IOException("tenants.file: there were more than %d tenants since the start; restart the daemon"
                    .formatted(MAX_KNOWN));
        }
        Map<String, Grant> byIdentity = new HashMap<>();
        List<Tenant> all = new ArrayList<>();
        boolean hasDefault = false;
        for (TenantsFile.Entry entry : entries) {
            Tenant tenant = known.get(entry.name());
            if (tenant == null) {
                tenant = new Tenant(entry.name(), entry.limits());
                known.put(entry.name(), tenant);
                owners.put(tenant.namespace(), tenant);
                watcher.accept(tenant);
            }
            tenant.limits(entry.limits());
            Grant grant = new Grant(tenant, entry.limits().admin());
            entry.identities().forEach(identity -> byIdentity.put(identity, grant));
            all.add(tenant);
            hasDefault |= tenant == fallback;
        }
        if (!hasDefault) {
            fallback.limits(TenantLimits.NONE.asAdmin());
            all.add(fallback);
        }
        byIdentity.putIfAbsent(ROOT, everybody);
        byIdentity.putIfAbsent(ownUid, everybody);
        table = new Table(true, Map.copyOf(byIdentity), List.copyOf(all));
    }

    /** What this caller may; empty for one that is nobody, or two tenants at once. */
    public Optional<Grant> of(Caller caller) {
        Table now = table;
        if (!now.strict()) {
            return Optional.of(everybody);
        }
        Grant found = null;
        for (String identity : caller.identities()) {
            Grant grant = now.byIdentity().get(identity);
            if (grant != null && found != null && !grant.equals(found)) {
                return Optional.empty();
            }
            found = grant == null ? found : grant;
        }
        return Optional.ofNullable(found);
    }

    /** Whose key this is. */
    public Tenant ownerOf(ChunkKey key) {
        String namespace = key.namespace();
        Tenant owner = owners.get(namespace);
        if (owner == null) {
            int slash = namespace.indexOf('/');
            owner = slash < 0 ? null : owners.get(namespace.substring(0, slash));
        }
        return owner == null ? fallback : owner;
    }

    /** Tells {@code whoever} of each tenant once, of those to come too. */
    public synchronized void watch(Consumer<Tenant> whoever) {
        watcher = whoever;
        known.values().forEach(whoever);
    }

    /** The tenants there are now. */
    public Collection<Tenant> all() {
        return Collections.unmodifiableCollection(table.all());
    }

    /** The tenant of this name, if there is one now. */
    public Optional<Tenant> named(String name) {
        return table.all().stream().filter(tenant -> tenant.name().equals(name)).findFirst();
    }

    /** Whether callers are told apart. */
    public boolean strict() {
        return table.strict();
    }

    private static int ownUid() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException e) {
            throw new AssertionError("every process of Linux has /proc/self", e);
        }
    }
}
