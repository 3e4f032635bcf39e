package kvstore.store;

import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import kvstore.api.ChunkKey;
import kvstore.api.IoEngine;

/**
 * Chunks of one node, in segment files of a pool's directory.
 *
 * <p>Thread-safe. Methods that say they block are meant for virtual threads; no lock is held during I/O. Callers move the
 * payload themselves, from and to the extents that {@link #reserve} and {@link #pin} hand out.
 */
public final class ChunkStore implements AutoCloseable {
    private final OpenStore store;

    private ChunkStore(OpenStore store) {
        this.store = store;
    }

    /**
     * Opens the node's directory in the pool, makes it if it is new, and finds again what was acknowledged before. Blocks.
     *
     * @param engine moves the bytes; stays the caller's to close, after the store
     * @throws StoreException if this is no place for a store, another daemon uses it, or the file system fails; the
     *     message says what helps
     */
    public static ChunkStore open(StoreConfig config, IoEngine engine, StoreListener listener) throws StoreException {
        ChunkStore opened = open(config, engine, listener, Environment.system());
        opened.store.keepTicking();
        return opened;
    }

    /** As {@link #open(StoreConfig, IoEngine, StoreListener)}, in a world of the caller's: for simulations. */
    public static ChunkStore open(StoreConfig config, IoEngine engine, StoreListener listener, Environment environment)
            throws StoreException {
        return new ChunkStore(OpenStore.open(config, engine, listener, environment));
    }

    /**
     * Deletes what goes first anyway, so that a node can start whose file system is full: a file that was set aside, or else
     * the oldest segment. For one of several directories, a delete that only that segment knew of is lost with it.
     *
     * @param directory the pool's
     * @return false if there is nothing to delete
     * @throws StoreException if a daemon uses the node, or the file system fails
     */
    public static boolean makeRoom(Path directory, String node) throws StoreException {
        return NodeDirectory.makeRoom(directory, node);
    }

    /**
     * Asks for room for a value. Blocks for at most {@code wait}, and only while a new segment is being prepared.
     *
     * @param length of the value in bytes, 1 to {@link StoreConfig#maxValueBytes()}
     * @param clientId who puts; empty is nobody. See {@link #lookup}
     * @throws IllegalArgumentException if the length is not in that range
     */
    public ReserveResult reserve(ChunkKey key, long length, String clientId, Duration wait) {
        return reserve(key, length, clientId, wait, Long.MAX_VALUE);
    }

    /**
     * The same for an owner with a quota.
     *
     * @param quotaBytes the most that records of the key's owner may take, see {@link #ownedBytes}; what would be more is
     *     refused as {@link ShedReason#OVER_QUOTA}
     */
    public ReserveResult reserve(ChunkKey key, long length, String clientId, Duration wait, long quotaBytes) {
        return store.puts().reserve(key, length, clientId, wait, quotaBytes);
    }

    /**
     * What the records of an owner take in segments, in bytes, deleted and replaced ones too until their segment goes.
     *
     * @param namespace of any of his keys: an owner is what lies between a namespace's leading {@code @} and the first slash;
     *     all others are one
     */
    public long ownedBytes(String namespace) {
        return store.segments().usage().bytes(Usage.ownerOf(namespace));
    }

    /**
     * Which of these are here? Never blocks, never reads from disk. A key whose put is in flight counts as here for the
     * client that puts it, and for nobody else.
     *
     * @param clientId who asks; empty is nobody
     * @param keys of one namespace, if there shall be a lease: it is that namespace's
     * @param leaseMillis protects what is found from eviction for so long; 0 for no lease, at most
     *     {@link StoreConfig#leaseMillisMax()}
     */
    public LookupResult lookup(List<ChunkKey> keys, String clientId, long leaseMillis) {
        return store.lookups().lookup(keys, clientId, leaseMillis);
    }

    /** Finds a chunk and protects it from eviction until the result is closed. Never blocks. */
    public PinResult pin(ChunkKey key) {
        return store.lookups().pin(key);
    }

    /** As {@link #delete(List)}, for one key. */
    public boolean delete(ChunkKey key) {
        return delete(List.of(key)).get(0);
    }

    /**
     * Forgets keys: at once in memory, and when this returns also on disk, unless the file system failed, which is counted
     * and tried again. Blocks. A put of such a key that is not yet committing is not affected.
     *
     * @return bit {@code i} says whether key {@code i} was here
     */
    public BitSet delete(List<ChunkKey> keys) {
        return store.forgetting().delete(keys);
    }

    /** As {@link #release(long, String)}, of keys of the default namespace. */
    public void release(long leaseId) {
        release(leaseId, ChunkKey.DEFAULT_NAMESPACE);
    }

    /**
     * Ends a lease before its time. An unknown or ended one is ignored, and so is one of keys of another namespace.
     *
     * @param namespace of the first key of the lookup that gave it
     */
    public void release(long leaseId, String namespace) {
        store.leases().release(leaseId, namespace);
    }

    /** Where this node's segment files are made; of several directories the first one that answered at the start. */
    public Path directory() {
        return store.directory();
    }

    /** What goes when room is needed. */
    public EvictionConfig eviction() {
        return store.eviction();
    }

    /** The store in numbers. Never blocks. */
    public StoreStats stats() {
        return store.stats();
    }

    /**
     * Lists chunks in no useful order. Blocks: keys are read from the segments' index areas. What changes meanwhile may
     * be listed or not.
     *
     * @param pageSize most chunks of the answer, 1 or more
     * @param pageToken empty, or from the page before
     * @param prefix only keys that start with these bytes, in any namespace
     * @throws IllegalArgumentException if the page size is not positive or the token is not one of this store's
     */
    public ListPage list(int pageSize, String pageToken, byte[] prefix) {
        return store.lister().list(pageSize, pageToken, prefix);
    }

    /**
     * Says where a key is, or why it is not. No use of the key. Blocks: reads one record's header.
     *
     * <p>What became of keys that are not here comes from a list of at most {@link StoreConfig#ghostsMax()} of them, in
     * memory, so an old answer may be gone.
     */
    public Explanation explain(ChunkKey key) {
        return store.explainer().explain(key);
    }

    /**
     * Reads every chunk and compares it with its checksums. No use of the keys. Blocks for as long as that takes; several
     * may run, each in memory of its own, 1 MiB.
     *
     * @param drop forgets what is bad, as a get that meets it does, so that {@link #explain} says corrupt; else it is only
     *     reported
     */
    public ScrubReport scrub(boolean drop, ScrubControl control) {
        return store.scrubber().scrub(drop, control);
    }

    /** Remembers, for {@link #explain}, that a put was refused because there was no memory for it. Never blocks. */
    public void shedWithoutMemory(ChunkKey key, long length) {
        store.puts().shedWithoutMemory(key, length);
    }

    /** All segment files in use, oldest first. A walk over the whole index: some ten milliseconds for a million chunks. */
    public List<SegmentStats> segments() {
        return store.segmentStats();
    }

    /**
     * Deletes the oldest segment files as long as there is nothing in them that a get would find, so that what was deleted
     * gives its room back to the file system now. Blocks. Returns how many.
     */
    public int dropEmpty() {
        return store.dropEmpty();
    }

    /** Keys of which {@link #explain} knows why they are not here. */
    public int ghosts() {
        return store.ghosts();
    }

    public PoolIdentity identity() {
        return store.identity();
    }

    /**
     * Closes the store. Reservations are aborted, commits under way are waited for, and the open segment gets its index
     * area, so that the next start reads no records. Idempotent; never fails, what goes wrong is logged and only makes the
     * next start slower.
     */
    @Override
    public void close() {
        store.close();
    }

    /** What a store that was opened with {@link Environment#system} does every second by itself. For tests. */
    void tick() {
        store.tick();
    }

    /** Lets go of the directory as a crash would, with nothing written. For tests. */
    void crash() {
        store.crash();
    }
}
