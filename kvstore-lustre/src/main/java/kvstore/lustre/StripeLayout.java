package kvstore.lustre;

import java.util.regex.Pattern;

/**
 * How Lustre spreads a file over its object storage targets (OSTs).
 *
 * @param stripeCount OSTs of one file, 1 to {@value #STRIPES_MAX}, or {@link #ALL} for all there are
 * @param stripeSizeBytes bytes on one OST before the next one follows; a multiple of 64 KiB below 4 GiB
 * @param pool the pool of OSTs to choose from, at most 15 characters; empty for all OSTs
 */
public record StripeLayout(int stripeCount, long stripeSizeBytes, String pool) {
    /** Of {@link #stripeCount()}: every OST. */
    public static final int ALL = -1;

    /** {@code LOV_MAX_STRIPE_COUNT}. */
    public static final int STRIPES_MAX = 2000;

    /** {@code LOV_MIN_STRIPE_SIZE}: the largest page of any client. */
    public static final long STRIPE_SIZE_UNIT_BYTES = 64 << 10;

    /** The field has 32 bits. */
    public static final long STRIPE_SIZE_BYTES_MAX = (1L << 32) - STRIPE_SIZE_UNIT_BYTES;

    public static final long DEFAULT_STRIPE_SIZE_BYTES = 16 << 20;

    private static final Pattern POOL = Pattern.compile("[A-Za-z0-9_.-]{0,15}");

    public StripeLayout {
        if (stripeCount != ALL && (stripeCount < 1 || stripeCount > STRIPES_MAX)) {
            throw new IllegalArgumentException(
                    "stripe count " + stripeCount + " is neither 1 to " + STRIPES_MAX + " nor -1 for all");
        }
        if (stripeSizeBytes <= 0
                || stripeSizeBytes > STRIPE_SIZE_BYTES_MAX
                || stripeSizeBytes % STRIPE_SIZE_UNIT_BYTES != 0) {
            throw new IllegalArgumentException(
                    "stripe size " + stripeSizeBytes + " is not a multiple of 64 KiB below 4 GiB");
        }
        if (!isPool(pool)) {
            throw new IllegalArgumentException(
                    "pool '" + pool + "' is not a name of at most 15 letters, digits, '_', '-' and '.'");
        }
    }

    /** Whether {@code name} can be that of a pool; an empty one stands for none. */
    public static boolean isPool(String name) {
        return POOL.matcher(name).matches();
    }

    /** One OST for each segment file: many segments fill all of them, and one is lost with one OST only. */
    public static StripeLayout defaults() {
        return new StripeLayout(1, DEFAULT_STRIPE_SIZE_BYTES, "");
    }

    /** Such as {@code stripe count 1, stripe size 16777216 bytes, pool flash}. */
    @Override
    public String toString() {
        return "stripe count %d, stripe size %d bytes%s"
                .formatted(stripeCount, stripeSizeBytes, pool.isEmpty() ? "" : ", pool " + pool);
    }
}
