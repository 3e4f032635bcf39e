package kvstore.gds;

/**
 * Arithmetic of CRC32C as polynomials over GF(2), and the constants of the kernel in {@code block_checksums.cu}, made from
 * it. The representation is reflected: the highest bit of a word is the coefficient of x^0.
 */
final class Crc32cTables {
    /** Threads of one thread block of the kernel, and bytes of a row that each of them takes. */
    static final int THREADS = 256;

    private static final int THREAD_BYTES = 16;
    private static final int ROW_BYTES = THREADS * THREAD_BYTES;
    private static final int WORD_BYTES = 4;
    private static final int TABLE_WORDS = 4 * 256;
    private static final int POLYNOMIAL = 0x82F63B78;
    private static final int ONE = 1 << 31;

    /** The smallest n with x^n = 1: the polynomial is (x + 1) times a primitive one of degree 31. */
    private static final long ORDER = (1L << 31) - 1;

    private Crc32cTables() {}

    /** A table for a row, a table for a word, and a power of x for each thread. */
    static int[] constants() {
        int[] constants = new int[2 * TABLE_WORDS + THREADS];
        fillTable(constants, 0, ROW_BYTES);
        fillTable(constants, TABLE_WORDS, WORD_BYTES);
        for (int thread = 0; thread < THREADS; thread++) {
            constants[2 * TABLE_WORDS + thread] = power(8L * THREAD_BYTES * (THREADS - 1 - thread));
        }
        return constants;
    }

    /** The factor that takes back {@code padBytes} zeros at the end of a message. */
    static int unpad(long padBytes) {
        return power(ORDER - (8 * padBytes) % ORDER);
    }

    static int multiply(int a, int b) {
        int product = 0;
        int shifted = b;
        for (int bit = 31; bit >= 0; bit--) {
            if (((a >>> bit) & 1) != 0) {
                product ^= shifted;
            }
            shifted = (shifted >>> 1) ^ ((shifted & 1) != 0 ? POLYNOMIAL : 0);
        }
        return product;
    }

    /** x to the {@code exponent}. */
    static int power(long exponent) {
        int result = ONE;
        int square = ONE >>> 1;
        for (long rest = exponent; rest != 0; rest >>>= 1) {
            if ((rest & 1) != 0) {
                result = multiply(result, square);
            }
            square = multiply(square, square);
        }
        return result;
    }

    /** Entry {@code 256 k + v}: v in byte k of a word, moved by {@code bytes}. */
    private static void fillTable(int[] constants, int from, int bytes) {
        int factor = power(8L * bytes);
        for (int i = 0; i < TABLE_WORDS; i++) {
            constants[from + i] = multiply((i & 255) << (i / 256 * 8), factor);
        }
    }
}
