package kvstore.store;

import java.nio.ByteBuffer;
import java.util.UUID;
import kvstore.api.Blocks;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one segment file at start: its index area where it has one, else its records, which are then sealed. Several may
 * work side by side.
 */
final class SegmentScanner {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentScanner.class);

    private final UUID pool;
    private final String node;
    private final BlockBuffers buffers;
    private final StoreListener listener;
    private final Environment environment;
    private final boolean readOnly;

    /** @param buffers of some blocks each; index areas and holes are read in pieces of that size */
    SegmentScanner(UUID pool, String node, BlockBuffers buffers, StoreListener listener, Environment environment) {
        this(pool, node, buffers, listener, environment, false);
    }

    /** @param readOnly nothing is sealed */
    SegmentScanner(
            UUID pool,
            String node,
            BlockBuffers buffers,
            StoreListener listener,
            Environment environment,
            boolean readOnly) {
        this.pool = pool;
        this.node = node;
        this.buffers = buffers;
        this.listener = listener;
        this.environment = environment;
        this.readOnly = readOnly;
    }

    /** The file of a {@link Scan.Usable} stays open, any other is closed. */
    Scan scan(Volume volume, NodeDirectory.Found found) {
        IoFile file = null;
        Scan result = null;
        try (BlockBuffers.Lent lent = buffers.take()) {
            file = volume.engine().open(found.file());
            result = scan(volume, found, file, lent.buffer());
            if (result instanceof Scan.Usable usable) {
                usable.segment().charge(volume.engine().allocatedBytes(found.file()), 0);
            }
        } catch (DamagedSegmentException e) {
            result = new Scan.Damaged(e.damage(), String.valueOf(e.getMessage()));
        } catch (IoFailure e) {
            result = e.kind() == IoFailure.Kind.NOT_FOUND ? new Scan.Missing() : new Scan.Unread(e);
        } finally {
            if (file != null && !(result instanceof Scan.Usable)) {
                file.close();
            }
        }
        return result;
    }

    private Scan scan(Volume volume, NodeDirectory.Found found, IoFile file, HostBuffer buffer)
            throws IoFailure, DamagedSegmentException {
        if (found.bytes() < Blocks.BLOCK_BYTES) {
            throw new DamagedSegmentException(SegmentDamage.TRUNCATED, "it has only " + found.bytes() + " bytes");
        }
        ByteBuffer first = read(file, 0, buffer);
        if (blank(first) && found.bytes() >= 2L * Blocks.BLOCK_BYTES) {
            if (blank(read(file, Blocks.BLOCK_BYTES, buffer))) {
                return new Scan.Empty(); // a kill came between the making of the file and its header
            }
            first = read(file, 0, buffer);
        }
        SegmentHeader header = SegmentHeader.decode(first);
        if (!header.pool().equals(pool) || !header.node().equals(node) || header.id() != found.id()) {
            throw new DamagedSegmentException(
                    SegmentDamage.FOREIGN,
                    "it is segment " + header.id() + " of node '" + header.node() + "' of pool " + header.pool());
        }
        Segment segment = Segment.found(volume, header, file);
        boolean whole = found.bytes() >= header.segmentBytes();
        boolean damaged = !whole;
        if (whole) {
            ByteBuffer last = read(file, header.segmentBytes() - Blocks.BLOCK_BYTES, buffer);
            damaged = SegmentTrailer.present(last);
            try {
                SegmentTrailer trailer = SegmentTrailer.decode(last, header.nonce(), header.segmentBytes());
                EntryBatch entries = new EntryBatch();
                IndexArea.read(segment, trailer, buffer, entries);
                segment.sealed(trailer);
                return new Scan.Usable(segment, entries, false, false);
            } catch (CorruptRecordException e) {
                LOG.info("{} is read record by record: {}", found.file(), e.getMessage());
            }
        }
        return hop(segment, found.bytes(), whole, damaged, buffer);
    }

    private Scan hop(Segment segment, long fileBytes, boolean whole, boolean damaged, HostBuffer buffer)
            throws IoFailure, DamagedSegmentException {
        int blocks = (int) (Math.min(fileBytes, segment.header().segmentBytes()) / Blocks.BLOCK_BYTES);
        EntryBatch entries = new EntryBatch();
        int end = new RecordHopper(segment, blocks, buffer).hop(entry -> {
            segment.add(entry);
            entries.visit(entry);
        });
        if (!whole && entries.size() == 0) {
            throw new DamagedSegmentException(
                    SegmentDamage.TRUNCATED,
                    "it has only " + fileBytes + " of " + segment.header().segmentBytes()
                            + " bytes, and no record in them");
        }
        if (end == 1 && damaged) {
            throw new DamagedSegmentException(SegmentDamage.BAD_INDEX, "it was sealed, and no record is left");
        }
        if (end == 1) {
            return new Scan.Empty();
        }
        if (whole && !readOnly) {
            seal(segment, end, buffer);
        }
        return new Scan.Usable(segment, entries, true, damaged);
    }

    private void seal(Segment segment, int end, HostBuffer buffer) {
        try {
            segment.sealed(IndexArea.write(segment, segment.unsealedEntries(), end, environment.millis(), buffer));
        } catch (IoFailure e) {
            LOG.warn("segment {} is used without an index area: {}", segment.id(), e.getMessage());
            listener.ioFailed("seal", e);
        }
    }

    private static boolean blank(ByteBuffer block) {
        int at = 0;
        while (at < Blocks.BLOCK_BYTES && block.getLong(at) == 0) {
            at += Long.BYTES;
        }
        return at == Blocks.BLOCK_BYTES;
    }

    private static ByteBuffer read(IoFile file, long offset, HostBuffer buffer) throws IoFailure {
        HostBuffer block = buffer.slice(0, Blocks.BLOCK_BYTES);
        Io.await(file.read(offset, block));
        return block.memory().asByteBuffer();
    }
}
