package kvstore.client.lmcache;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What LMCache's own in-process connectors put before a value (0.5.6, {@code v1/protocol.py}): 32-bit integers in the machine's
 * byte order, which is little-endian wherever LMCache runs.
 *
 * @param length of the payload, in bytes
 * @param format code of the memory format; opaque, LMCache adds new ones
 * @param groups one for each group of layers that has its own shape
 */
record RemoteMetadata(int length, int format, List<Group> groups) {
    private static final int DIMENSIONS = 4;
    private static final int FIXED_BYTES = 2 * Integer.BYTES;
    static final int GROUP_BYTES = (1 + DIMENSIONS) * Integer.BYTES;
    private static final int MAX_GROUPS = 64;

    private static final int ONE_GROUP_BYTES = FIXED_BYTES + GROUP_BYTES;

    /**
     * @param dtype code, 0 to 8; 0 is none, for values that are no tensors
     * @param shape 4 dimensions, 0 after the last
     */
    record Group(int dtype, List<Integer> shape) {
        Group {
            shape = List.copyOf(shape);
            if (shape.size() != DIMENSIONS) {
                throw new IllegalArgumentException("a shape has 4 dimensions here, not " + shape.size());
            }
        }
    }

    RemoteMetadata {
        groups = List.copyOf(groups);
    }

    byte[] bytes() {
        ByteBuffer out =
                ByteBuffer.allocate(FIXED_BYTES + groups.size() * GROUP_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(length).putInt(format);
        for (Group group : groups) {
            out.putInt(group.dtype());
            group.shape().forEach(out::putInt);
        }
        return out.array();
    }

    /** All of it but the length, which other forms keep elsewhere. */
    byte[] withoutLength() {
        byte[] bytes = bytes();
        return Arrays.copyOfRange(bytes, Integer.BYTES, bytes.length);
    }

    /**
     * The other way round.
     *
     * @param description as long as so many groups need
     */
    static RemoteMetadata withoutLength(int length, byte[] description, int groupCount) throws UnusableException {
        return read(length, ByteBuffer.wrap(description).order(ByteOrder.LITTLE_ENDIAN), groupCount);
    }

    /** Its length, in bytes. */
    int headerBytes() {
        return FIXED_BYTES + groups.size() * GROUP_BYTES;
    }

    /** How many bytes of a value of this length to give to {@link #parse}. */
    static int headBytes(long valueBytes) {
        return (int) Math.min(valueBytes, FIXED_BYTES + MAX_GROUPS * GROUP_BYTES);
    }

    /**
     * Reads it. The number of groups is not written anywhere; it follows from the two lengths.
     *
     * @param head the first {@link #headBytes} bytes of the value
     * @param valueBytes length of the whole value
     * @throws UnusableException with {@link SkipReason#BAD_HEADER} or {@link SkipReason#WRONG_SIZE}
     */
    static RemoteMetadata parse(byte[] head, long valueBytes) throws UnusableException {
        if (head.length < ONE_GROUP_BYTES) {
            throw new UnusableException(
                    SkipReason.BAD_HEADER, "%d bytes, and RemoteMetadata alone has 28".formatted(valueBytes));
        }
        ByteBuffer in = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        int length = in.getInt();
        long metadataBytes = valueBytes - length;
        long groupCount = (metadataBytes - FIXED_BYTES) / GROUP_BYTES;
        if (length < 1
                || groupCount < 1
                || groupCount > MAX_GROUPS
                || metadataBytes != FIXED_BYTES + groupCount * GROUP_BYTES) {
            throw new UnusableException(
                    SkipReason.WRONG_SIZE,
                    "RemoteMetadata says %d bytes, and of %d that leaves no whole header"
                            .formatted(length, valueBytes));
        }
        return read(length, in, groupCount);
    }

    private static RemoteMetadata read(int length, ByteBuffer in, long groupCount) throws UnusableException {
        int format = in.getInt();
        List<Group> groups = new ArrayList<>();
        for (int i = 0; i < groupCount; i++) {
            groups.add(new Group(in.getInt(), List.of(in.getInt(), in.getInt(), in.getInt(), in.getInt())));
        }
        RemoteMetadata metadata = new RemoteMetadata(length, format, groups);
        for (Group group : groups) {
            boolean negative = group.shape().stream().anyMatch(dimension -> dimension < 0);
            if (negative || group.dtype() < 0 || group.dtype() > Dtype.MAX_CODE) {
                throw new UnusableException(SkipReason.BAD_HEADER, "LMCache has no such dtype or shape");
            }
        }
        return metadata;
    }
}
