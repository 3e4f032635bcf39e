package kvstore.server.lm;

import io.netty.buffer.ByteBuf;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What a client says about a value, as numbers that mean nothing here: which formats, types and shapes there are has changed
 * over LMCache's releases, and whatever was stored is given back. It stands before the payload in the stored value, in the
 * order of a request.
 *
 * @param format LMCache's memory format
 * @param dtype type of the elements
 * @param location which of LMCache's backends; 0 is none
 */
record LmMetadata(int format, int dtype, int location, int shape0, int shape1, int shape2, int shape3) {
    static final int BYTES = 7 * Integer.BYTES;

    /** Of replies that no value follows: what LMCache's own server sends. */
    static final LmMetadata NONE = new LmMetadata(1, 2, 0, 0, 0, 0, 0);

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Reads it from a request. */
    static LmMetadata readRequest(ByteBuf in) {
        return new LmMetadata(
                in.readIntLE(),
                in.readIntLE(),
                in.readIntLE(),
                in.readIntLE(),
                in.readIntLE(),
                in.readIntLE(),
                in.readIntLE());
    }

    /** Reads it from the first {@link #BYTES} of a stored value. */
    static LmMetadata of(MemorySegment value) {
        return new LmMetadata(
                value.getAtIndex(INT, 0),
                value.getAtIndex(INT, 1),
                value.getAtIndex(INT, 2),
                value.getAtIndex(INT, 3),
                value.getAtIndex(INT, 4),
                value.getAtIndex(INT, 5),
                value.getAtIndex(INT, 6));
    }

    /** Writes it to where a value begins. */
    void writeTo(MemorySegment value) {
        value.setAtIndex(INT, 0, format);
        value.setAtIndex(INT, 1, dtype);
        value.setAtIndex(INT, 2, location);
        value.setAtIndex(INT, 3, shape0);
        value.setAtIndex(INT, 4, shape1);
        value.setAtIndex(INT, 5, shape2);
        value.setAtIndex(INT, 6, shape3);
    }

    /** Writes it in the order of a reply, which has the location last. */
    void writeReply(ByteBuf out) {
        out.writeIntLE(format)
                .writeIntLE(dtype)
                .writeIntLE(shape0)
                .writeIntLE(shape1)
                .writeIntLE(shape2)
                .writeIntLE(shape3)
                .writeIntLE(location);
    }
}
