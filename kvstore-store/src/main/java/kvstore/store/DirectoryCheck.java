package kvstore.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.KeyDigest;
import kvstore.store.NodeDirectory.Found;
import kvstore.store.RecordCheck.Verdict;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the directory of a node whose daemon is stopped, as its next start would, and writes nothing unless it shall
 * repair. A daemon that starts meanwhile is refused.
 */
public final class DirectoryCheck {
    /** Is told what is wrong, as it is found. */
    public interface Watcher {
        /**
         * A segment file is not as it should be.
         *
         * @param repaired whether it was set aside
         * @param message what was seen
         */
        void damaged(Path file, SegmentDamage damage, boolean repaired, String message);

        /** A record is not what was put. */
        void bad(BadRecord record);
    }

    private static final int BUFFER_BYTES = 16 * Blocks.BLOCK_BYTES;

    private final NodeDirectory directory;
    private final SegmentScanner scanner;
    private final Volume volume;
    private final BlockBuffers buffers = new BlockBuffers(1, BUFFER_BYTES);
    private final boolean verifyPayloads;
    private final boolean repair;
    private final Watcher watcher;
    private final String node;

    private int segments;
    private int scanned;
    private int empty;
    private int damaged;
    private int repaired;
    private long records;
    private long bytes;
    private long badRecords;
    private long unreadRecords;

    private DirectoryCheck(
            Path path,
            NodeDirectory directory,
            UUID pool,
            String node,
            boolean verifyPayloads,
            boolean repair,
            Watcher watcher) {
        this.directory = directory;
        this.node = node;
        this.verifyPayloads = verifyPayloads;
        this.repair = repair;
        this.watcher = watcher;
        Environment environment = Environment.system();
        this.scanner = new SegmentScanner(pool, node, buffers, StoreListener.NONE, environment, true);
        // Nothing is made here, so its sizes are nobody's.
        this.volume = new Volume(path, directory, new Geometry(0, 0), new ReadOnlyEngine(), environment);
    }

    /**
     * The nodes that have a directory in a pool.
     *
     * @throws StoreException if the directory is no pool or cannot be read
     */
    public static List<String> nodes(Path pool) throws StoreException {
        UUID _ = PoolDirectory.read(pool);
        Path nodes = pool.resolve("nodes");
        List<String> names = new ArrayList<>();
        try {
            if (Files.isDirectory(nodes)) {
                try (DirectoryStream<Path> entries = Files.newDirectoryStream(nodes, Files::isDirectory)) {
                    entries.forEach(entry -> names.add(String.valueOf(entry.getFileName())));
                }
            }
        } catch (IOException e) {
            throw new StoreException("cannot read " + nodes + ": " + e, e);
        }
        Collections.sort(names);
        return names;
    }

    /**
     * Checks one node. Blocks; reads index areas, or all that is stored.
     *
     * @param verifyPayloads reads every record whole
     * @param repair moves segment files that cannot be used to {@code quarantine/}
     * @throws StoreException if this is no node's directory, a daemon uses it, or it cannot be read
     */
    public static DirectoryReport check(Path pool, String node, boolean verifyPayloads, boolean repair, Watcher watcher)
            throws StoreException {
        UUID identity = PoolDirectory.read(pool);
        try (NodeDirectory directory = NodeDirectory.look(pool, identity, node, repair)) {
            return new DirectoryCheck(pool, directory, identity, node, verifyPayloads, repair, watcher).run();
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw new StoreException("cannot read the directory of node '" + node + "': " + e, e);
        }
    }

    private DirectoryReport run() throws IOException {
        for (Found found : directory.segmentFiles()) {
            if (found.bytes() == 0) {
                empty++;
                continue;
            }
            segments++;
            switch (scanner.scan(volume, found)) {
                case Scan.Usable usable -> use(found, usable);
                case Scan.Empty() -> empty++;
                case Scan.Damaged(SegmentDamage damage, String message) -> setAside(found, damage, message);
                case Scan.Unread(var failure) ->
                    damaged(found, SegmentDamage.UNREADABLE, false, String.valueOf(failure.getMessage()));
                case Scan.Missing() -> segments--;
            }
        }
        return new DirectoryReport(
                node,
                directory.epoch(),
                segments,
                scanned,
                empty,
                damaged,
                repaired,
                directory.quarantined().size(),
                records,
                bytes,
                badRecords,
                unreadRecords);
    }

    private void use(Found found, Scan.Usable usable) {
        Segment segment = usable.segment();
        try {
            scanned += usable.scanned() ? 1 : 0;
            if (usable.damaged()) {
                damaged(
                        found,
                        SegmentDamage.BAD_INDEX,
                        false,
                        "the next start reads it record by record and uses what is left");
            }
            EntryBatch entries = usable.entries();
            for (int i = 0; i < entries.size(); i++) {
                if (entries.isChunk(i)) {
                    records++;
                    bytes += entries.length(i);
                    if (verifyPayloads) {
                        verify(segment, entries, i);
                    }
                }
            }
        } finally {
            segment.file().close();
        }
    }

    private void verify(Segment segment, EntryBatch entries, int i) {
        int block = entries.block(i);
        int length = entries.length(i);
        Verdict verdict;
        try (BlockBuffers.Lent lent = buffers.take()) {
            verdict = RecordCheck.check(
                    segment, new KeyDigest(entries.high(i), entries.low(i)), block, length, lent.buffer(), _ -> true);
        }
        switch (verdict) {
            case Verdict.Good(), Verdict.Stopped() -> {}
            case Verdict.Unread _ -> unreadRecords++;
            case Verdict.Bad(String reason) -> {
                badRecords++;
                watcher.bad(new BadRecord(
                        key(segment, block), segment.file().file(), (long) block * Blocks.BLOCK_BYTES, length, reason));
            }
        }
    }

    private @Nullable ChunkKey key(Segment segment, int block) {
        return Scrubber.key(segment, block, buffers, StoreListener.NONE);
    }

    private void setAside(Found found, SegmentDamage damage, String message) throws IOException {
        if (repair) {
            directory.setAside(found, damage);
        }
        damaged(found, damage, repair, message);
    }

    private void damaged(Found found, SegmentDamage damage, boolean wasRepaired, String message) {
        damaged++;
        repaired += wasRepaired ? 1 : 0;
        watcher.damaged(found.file(), damage, wasRepaired, message);
    }
}
