package kvstore.client.wire;

import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;

/**
 * Reads the fields of one protobuf message from a stream that ends where the message ends, without reading ahead, so
 * that a payload goes from the stream to where it is wanted.
 *
 * <p>{@code CodedInputStream} cannot do this: it fills a buffer of its own first. Not thread-safe.
 */
public final class WireReader {
    private final InputStream in;

    public WireReader(InputStream in) {
        this.in = in;
    }

    /**
     * The next field's tag (its number and wire type, see {@link WireFormat}), or 0 at the end of the message.
     *
     * @throws WireFormatException if what follows is no tag
     */
    public int readTag() throws IOException {
        int first = in.read();
        if (first < 0) {
            return 0;
        }
        long tag = readVarint(first);
        if (tag >>> 32 != 0 || WireFormat.getTagFieldNumber((int) tag) == 0) {
            throw new WireFormatException("%d is not a field tag".formatted(tag));
        }
        return (int) tag;
    }

    /** A varint of at most 64 bits. Fields of 32 bits take the lower half, as protobuf says. */
    public long readVarint() throws IOException {
        return readVarint(readByte());
    }

    /**
     * The length in front of a string, of bytes or of a nested message. The caller takes exactly that many bytes next.
     *
     * @throws WireFormatException if it is over 2 GiB
     */
    public int readLength() throws IOException {
        long length = readVarint();
        if (length < 0 || length > Integer.MAX_VALUE) {
            throw new WireFormatException("a field of %s bytes".formatted(Long.toUnsignedString(length)));
        }
        return (int) length;
    }

    /**
     * A field of bytes, with its length in front, for small ones.
     *
     * @throws WireFormatException if it is longer than {@code maxBytes}
     */
    public byte[] readBytes(int maxBytes) throws IOException {
        int length = readLength();
        if (length > maxBytes) {
            throw new WireFormatException("a field of %d bytes, where %d are allowed".formatted(length, maxBytes));
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new WireFormatException("the message ends after %d of %d bytes".formatted(bytes.length, length));
        }
        return bytes;
    }

    /** The next bytes of the stream, as many as the segment holds. */
    public void readInto(MemorySegment destination) throws IOException {
        SegmentIo.fill(destination, in);
    }

    /** Skips the value of a field that the reader does not know, whose tag was just read. */
    public void skip(int tag) throws IOException {
        switch (WireFormat.getTagWireType(tag)) {
            case WireFormat.WIRETYPE_VARINT -> readVarint();
            case WireFormat.WIRETYPE_FIXED32 -> skipBytes(4);
            case WireFormat.WIRETYPE_FIXED64 -> skipBytes(8);
            case WireFormat.WIRETYPE_LENGTH_DELIMITED -> skipBytes(readLength());
            default -> throw new WireFormatException("a field of wire type " + WireFormat.getTagWireType(tag));
        }
    }

    /** Skips bytes, such as a payload that nobody wants. */
    public void skipBytes(int count) throws IOException {
        // skipNBytes is not enough: a stream whose skip() counts past its end would go unnoticed
        long skipped = 0;
        while (skipped < count) {
            long step = in.skip(count - skipped);
            if (step <= 0) {
                readByte();
                step = 1;
            }
            skipped += step;
        }
    }

    private long readVarint(int first) throws IOException {
        long value = first & 0x7f;
        int last = first;
        for (int shift = 7; (last & 0x80) != 0; shift += 7) {
            if (shift > 63) {
                throw new WireFormatException("a varint of more than 10 bytes");
            }
            last = readByte();
            value |= (long) (last & 0x7f) << shift;
        }
        return value;
    }

    private int readByte() throws IOException {
        int value = in.read();
        if (value < 0) {
            throw new WireFormatException("the message ends inside a field");
        }
        return value;
    }
}
