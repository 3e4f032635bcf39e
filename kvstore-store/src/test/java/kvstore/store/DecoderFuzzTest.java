package kvstore.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import kvstore.api.BlockChecksums;
import kvstore.api.Blocks;
import kvstore.api.ChunkKey;
import kvstore.api.HostBuffer;
import kvstore.api.IoFailure;
import kvstore.api.KeyDigest;
import kvstore.store.RecordHeader.Abandoned;
import kvstore.store.RecordHeader.Chunk;
import kvstore.store.RecordHeader.Stamp;
import kvstore.store.RecordHeader.Tombstone;
import org.jspecify.annotations.Nullable;

/**
 * Whatever lies on disk, a decoder says what it is or that it is damaged, and what it accepts makes sense. In the usual run
 * only the inputs beside this class are tried; with {@code JAZZER_FUZZ=1} Jazzer looks for more, in one test at a time.
 */
final class DecoderFuzzTest {
    private static final UUID POOL = new UUID(1, 1);
    private static final UUID NONCE = new UUID(2, 2);
    private static final String NODE = "node-a";
    private static final int ID = 7;
    private static final int BLOCK = Blocks.BLOCK_BYTES;
    private static final int SEGMENT_BLOCKS = 16;
    private static final ChunkKey KEY = ChunkKey.of("llama@0@1f2e");
    private static final ChunkKey OTHER = ChunkKey.of("tenant-a", new byte[] {0, (byte) 0xff, 7});
    private static final SegmentHeader HEADER =
            new SegmentHeader(ID, POOL, NODE, 3, NONCE, 1_790_000_000_000L, (long) SEGMENT_BLOCKS * BLOCK);
    private static final List<Hide> HIDES = List.of(new Hide(new KeyDigest(1, 2), 3), new Hide(KeyDigest.of(KEY), 9));

    /** The records of the segment, in order. */
    private static final List<RecordHeader> RECORDS = List.of(
            new Chunk(stamp(1), KEY, 70_000, false, BlockChecksums.of(new int[] {5, 6})),
            new Abandoned(stamp(4), 1),
            new Tombstone(stamp(6), HIDES),
            new Chunk(stamp(7), OTHER, 1, true, BlockChecksums.of(new int[] {7})));

    private final MemorySegment image = Arena.ofAuto().allocate((long) SEGMENT_BLOCKS * BLOCK, BLOCK);
    private final HostBuffer buffer = new HostBuffer(Arena.ofAuto().allocate(4L * BLOCK, BLOCK));
    private final ByteBuffer block = image.asSlice(0, BLOCK).asByteBuffer();

    /** A directory for the files below, which are not in it. */
    private static final NodeDirectory DIRECTORY = directory();

    private static NodeDirectory directory() {
        SimScheduler scheduler = new SimScheduler(new Random(1));
        SimDisk disk = new SimDisk(scheduler, new Random(1), new SimModel(scheduler, SimFaults.NONE, 0));
        Path pool = new SimFileSystem(disk).getPath("/pool");
        try {
            Files.createDirectory(pool);
            return NodeDirectory.open(pool, POOL, NODE, List.of(pool));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Volume volume(MemorySegment bytes) {
        MemoryFile engine = new MemoryFile(Path.of("segment"), bytes);
        return new Volume(
                DIRECTORY.path(), DIRECTORY, new Geometry(0, HEADER.segmentBytes()), engine, Environment.system());
    }

    private static Stamp stamp(int at) {
        return new Stamp(NONCE, at, 100 + at, 1_790_000_000_000L);
    }

    @FuzzTest
    void segmentHeader(byte[] bytes) {
        HEADER.encode(block);
        Patches.apply(block, bytes);
        try {
            SegmentHeader header = SegmentHeader.decode(block);
            assertThat(header.id()).isPositive();
            assertThat(Blocks.isAligned(header.segmentBytes())).isTrue();
        } catch (DamagedSegmentException e) {
            assertThat(e.damage()).isIn(SegmentDamage.BAD_HEADER, SegmentDamage.UNKNOWN_VERSION);
        }
    }

    @FuzzTest
    void segmentTrailer(byte[] bytes) {
        new SegmentTrailer(NONCE, 9, 1, 4, 5).encode(block);
        Patches.apply(block, bytes);
        try {
            SegmentTrailer trailer = SegmentTrailer.decode(block, NONCE, HEADER.segmentBytes());
            assertThat(trailer.indexBlock() + (long) trailer.indexBlocks()).isBetween(1L, SEGMENT_BLOCKS - 1L);
        } catch (CorruptRecordException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @FuzzTest
    void recordHeader(byte[] bytes) throws Exception {
        int which = bytes.length == 0 ? 0 : (bytes[0] >>> 1 & 3);
        RECORDS.get(which).encode(block);
        Patches.apply(block, bytes);
        RecordHeader header;
        try {
            header = RecordHeader.decode(block);
        } catch (CorruptRecordException e) {
            assertThat(e.getMessage()).isNotBlank();
            return;
        }
        header.encode(block);
        assertThat(RecordHeader.decode(block)).isEqualTo(header);
    }

    @FuzzTest
    void indexArea(byte[] bytes) throws Exception {
        SegmentTrailer trailer = writeSegment(true);
        ByteBuffer area = image.asSlice(9L * BLOCK, BLOCK).asByteBuffer();
        Patches.apply(area, bytes);
        Segment segment = Segment.found(volume(image), HEADER, new MemoryFile(Path.of("segment"), image));
        try {
            IndexArea.read(segment, java.util.Objects.requireNonNull(trailer), buffer, DecoderFuzzTest::requireSense);
        } catch (CorruptRecordException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    /** A whole file as a start reads it, sealed or as a killed daemon leaves it. */
    @FuzzTest
    void segmentImage(byte[] bytes) throws Exception {
        writeSegment(bytes.length == 0 || (bytes[0] & 2) == 0);
        Patches.apply(image.asByteBuffer(), bytes);
        int cut = bytes.length == 0 ? 0 : (bytes[0] >>> 2 & 15);
        MemoryFile file = new MemoryFile(Path.of("segment"), image.asSlice(0, image.byteSize() - (long) cut * BLOCK));
        Environment environment = new Environment(
                () -> Instant.EPOCH, () -> 0, () -> NONCE, Environment.system().background());
        SegmentScanner scanner =
                new SegmentScanner(POOL, NODE, new BlockBuffers(1, 4 * BLOCK), StoreListener.NONE, environment);
        Scan scan = scanner.scan(volume(file.bytes()), new NodeDirectory.Found(ID, file.file(), file.sizeBytes()));
        if (scan instanceof Scan.Usable(Segment segment, EntryBatch entries, boolean _, boolean _)) {
            Set<Integer> blocks = new HashSet<>();
            for (int i = 0; i < entries.size(); i++) {
                if (entries.isChunk(i)) {
                    assertThat(entries.block(i)).isPositive();
                    assertThat(entries.block(i) + 1L + Blocks.count(entries.length(i)))
                            .isLessThanOrEqualTo(SEGMENT_BLOCKS);
                    blocks.add(entries.block(i));
                }
            }
            // What was found once is found again, by whoever lists it later.
            BlockBuffers buffers = new BlockBuffers(1, BLOCK);
            assertThat(IndexArea.show(
                            segment,
                            buffers,
                            item -> assertThat(!item.isChunk() || blocks.contains(item.block()))
                                    .isTrue(),
                            StoreListener.NONE))
                    .isTrue();
        }
    }

    @FuzzTest
    void markerFile(byte[] bytes) throws Exception {
        Path file = memoryFile();
        try {
            Files.write(file, bytes);
            MarkerFile marker = MarkerFile.read(file, "kvstore node", "pool", "node", "epoch");
            assertThat(marker.values()).containsKeys("format", "pool", "node", "epoch");
        } catch (StoreException e) {
            assertThat(e.getMessage()).contains(file.toString());
        } finally {
            Files.delete(file);
        }
    }

    /** A marker whose checksum is right, whatever it says. */
    @FuzzTest
    void nodeFile(byte[] bytes) throws Exception {
        Path pool = memoryDirectory();
        Path node = Files.createDirectories(pool.resolve("nodes").resolve(NODE));
        MarkerFile marker = MarkerFile.of("kvstore node").with("pool", POOL.toString());
        String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).replace("\n", "");
        marker.with("node", NODE).with("epoch", text);
        try {
            Files.writeString(node.resolve("NODE"), marker.encode(), java.nio.charset.StandardCharsets.ISO_8859_1);
            try (NodeDirectory directory = NodeDirectory.open(pool, POOL, NODE, List.of(pool))) {
                assertThat(directory.epoch()).isPositive();
            }
        } catch (StoreException e) {
            assertThat(e.getMessage()).contains("NODE");
        } finally {
            deleteAll(pool);
        }
    }

    private @Nullable SegmentTrailer writeSegment(boolean sealed) throws IoFailure {
        image.fill((byte) 0);
        HEADER.encode(block);
        MemoryFile file = new MemoryFile(Path.of("segment"), image);
        Segment segment = Segment.found(volume(image), HEADER, file);
        for (RecordHeader record : RECORDS) {
            record.encode(
                    image.asSlice((long) record.stamp().block() * BLOCK, BLOCK).asByteBuffer());
            switch (record) {
                case Chunk chunk -> segment.add(IndexEntry.of(chunk));
                case Tombstone tombstone ->
                    tombstone
                            .hidden()
                            .forEach(hide -> segment.add(
                                    IndexEntry.of(hide, tombstone.stamp().block())));
                case Abandoned _ -> {}
            }
        }
        return sealed ? IndexArea.write(segment, segment.unsealedEntries(), 9, 5, buffer) : null;
    }

    private static void requireSense(IndexItem item) throws CorruptRecordException {
        assertThat(item.block()).isPositive();
        if (item.isChunk()) {
            assertThat(item.block() + 1L + Blocks.count(item.length())).isLessThanOrEqualTo(9);
            assertThat(item.chunkKey().length()).isPositive();
        }
    }

    private static Path memoryDirectory() throws IOException {
        Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "kvstore-fuzz-")
                : Files.createTempDirectory("kvstore-fuzz-");
    }

    private static Path memoryFile() throws IOException {
        Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory)
                ? Files.createTempFile(memory, "kvstore-fuzz-", "")
                : Files.createTempFile("kvstore-fuzz-", "");
    }

    private static void deleteAll(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
