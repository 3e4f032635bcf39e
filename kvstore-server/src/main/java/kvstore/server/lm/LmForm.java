package kvstore.server.lm;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/**
 * The two forms of the protocol. A connection speaks one, which its first request shows. All integers are 32 bits, signed,
 * little-endian: LMCache packs them in the order of its machine, and x86-64 and aarch64 have the same.
 */
enum LmForm {
    /** LMCache 0.1: a request of 158 bytes (command, length, key) and a reply of 8 (code, length). */
    V0("lm0", 8, 8),
    /** All since: 186 bytes (command, length, {@link LmMetadata}, key), and a reply of 36. */
    V1("lm", 8 + LmMetadata.BYTES, 8 + LmMetadata.BYTES);

    /** Enough of a request to tell the forms apart. */
    static final int DETECTION_BYTES = 12;

    static final int KEY_BYTES = 150;

    private static final int SUCCESS = 200;
    private static final int FAIL = 400;

    /** Where V1 has the number of a memory format, V0 has four characters of the key, of which none is below a space. */
    private static final int FORMAT_OFFSET = 8;

    private static final int FORMATS = 256;

    private final String namespace;
    private final int keyOffset;
    private final int replyBytes;

    LmForm(String namespace, int keyOffset, int replyBytes) {
        this.namespace = namespace;
        this.keyOffset = keyOffset;
        this.replyBytes = replyBytes;
    }

    /** The form of a request of which at least {@link #DETECTION_BYTES} are there. */
    static LmForm detect(ByteBuf request) {
        int format = request.getIntLE(request.readerIndex() + FORMAT_OFFSET);
        return format >= 0 && format < FORMATS ? V1 : V0;
    }

    /** Of its keys: their values do not look like those of other doors, nor like those of the other form. */
    String namespace() {
        return namespace;
    }

    int requestBytes() {
        return keyOffset + KEY_BYTES;
    }

    int keyOffset() {
        return keyOffset;
    }

    /** What stands before the payload in a stored value, in bytes. */
    int metadataBytes() {
        return this == V1 ? LmMetadata.BYTES : 0;
    }

    /** The reply that a payload of {@code length} bytes follows. */
    ByteBuf found(ByteBufAllocator allocator, int length, LmMetadata metadata) {
        ByteBuf reply = start(allocator, SUCCESS, length);
        if (this == V1) {
            metadata.writeReply(reply);
        }
        return reply;
    }

    /** The reply to everything but a GET that found something. */
    ByteBuf plain(ByteBufAllocator allocator, boolean success) {
        ByteBuf reply = start(allocator, success ? SUCCESS : FAIL, 0);
        if (this == V1) {
            LmMetadata.NONE.writeReply(reply);
        }
        return reply;
    }

    private ByteBuf start(ByteBufAllocator allocator, int code, int length) {
        return allocator.directBuffer(replyBytes, replyBytes).writeIntLE(code).writeIntLE(length);
    }
}
