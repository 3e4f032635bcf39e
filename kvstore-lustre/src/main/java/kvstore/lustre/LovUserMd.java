package kvstore.lustre;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * {@code struct lov_user_md_v1} and {@code _v3} of Lustre's {@code lustre_user.h}: the layout of a file, or the one that
 * a directory's new files get. Little-endian, which is every machine that {@link OpenFlags} knows.
 *
 * <p>magic u32 at 0, pattern u32 at 4, object id at 8, stripe size u32 at 24, stripe count u16 at 28, first OST u16 at
 * 30; version 3 has the pool's name at 32, 16 bytes with a final zero.
 */
final class LovUserMd {
    static final int MAGIC_V1 = 0x0BD10BD0;
    static final int MAGIC_V3 = 0x0BD30BD0;
    static final int MAGIC_COMPOSITE = 0x0BD60BD0;
    static final int V1_BYTES = 32;
    static final int V3_BYTES = 48;

    /** As much as an extended attribute can have: nothing the kernel gives is longer. */
    static final int BUFFER_BYTES = 64 << 10;

    private static final ValueLayout.OfInt U32 = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PATTERN_RAID0 = 1;
    private static final short ANY_OST = (short) 0xFFFF;
    private static final long PATTERN = 4;
    private static final long STRIPE_SIZE = 24;
    private static final long STRIPE_COUNT = 28;
    private static final long FIRST_OST = 30;
    private static final long POOL = 32;
    private static final int POOL_BYTES = 16;

    /** Another layout than one of stripes, such as a composite one, or no layout at all. */
    static final class UnknownLayoutException extends Exception {
        private static final long serialVersionUID = 1L;

        UnknownLayoutException(String message) {
            super(message);
        }
    }

    private LovUserMd() {}

    /** Version 1 without a pool, version 3 with one. */
    static byte[] encode(StripeLayout layout) {
        boolean pooled = !layout.pool().isEmpty();
        byte[] bytes = new byte[pooled ? V3_BYTES : V1_BYTES];
        MemorySegment md = MemorySegment.ofArray(bytes);
        md.set(U32, 0, pooled ? MAGIC_V3 : MAGIC_V1);
        md.set(U32, PATTERN, PATTERN_RAID0);
        md.set(U32, STRIPE_SIZE, (int) layout.stripeSizeBytes());
        md.set(U16, STRIPE_COUNT, (short) layout.stripeCount());
        md.set(U16, FIRST_OST, ANY_OST);
        if (pooled) {
            byte[] name = layout.pool().getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(name, 0, bytes, (int) POOL, name.length);
        }
        return bytes;
    }

    /**
     * What {@code md} says; what follows the header, the objects of a file, is not looked at.
     *
     * @throws UnknownLayoutException if it is anything else, or makes no sense
     */
    static StripeLayout decode(MemorySegment md) throws UnknownLayoutException {
        if (md.byteSize() < V1_BYTES) {
            throw new UnknownLayoutException(md.byteSize() + " bytes are too few for a layout");
        }
        int magic = md.get(U32, 0);
        if (magic == MAGIC_COMPOSITE) {
            throw new UnknownLayoutException("the layout is a composite one (PFL)");
        }
        if (magic != MAGIC_V1 && magic != MAGIC_V3) {
            throw new UnknownLayoutException("0x%08x is the magic of no known layout".formatted(magic));
        }
        int pattern = md.get(U32, PATTERN);
        // 0 is how a directory's default leaves the pattern to the file system
        if (pattern != PATTERN_RAID0 && pattern != 0) {
            throw new UnknownLayoutException("the pattern 0x%x is not RAID0".formatted(pattern));
        }
        try {
            return new StripeLayout(
                    md.get(U16, STRIPE_COUNT) == (short) StripeLayout.ALL
                            ? StripeLayout.ALL
                            : Short.toUnsignedInt(md.get(U16, STRIPE_COUNT)),
                    Integer.toUnsignedLong(md.get(U32, STRIPE_SIZE)),
                    magic == MAGIC_V3 ? pool(md) : "");
        } catch (IllegalArgumentException e) {
            throw new UnknownLayoutException(String.valueOf(e.getMessage()));
        }
    }

    private static String pool(MemorySegment md) throws UnknownLayoutException {
        if (md.byteSize() < V3_BYTES) {
            throw new UnknownLayoutException(md.byteSize() + " bytes are too few for a layout with a pool");
        }
        byte[] name = md.asSlice(POOL, POOL_BYTES).toArray(ValueLayout.JAVA_BYTE);
        int length = 0;
        while (length < POOL_BYTES && name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, StandardCharsets.ISO_8859_1);
    }
}
