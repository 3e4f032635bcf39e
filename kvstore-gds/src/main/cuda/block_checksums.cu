// CRC32C (RFC 3720, appendix B.4) of each block of 64 KiB of a payload, the last of which may be shorter: the same numbers
// as kvstore.api.BlockChecksums computes. Compiled by scripts/compile-ptx; also compiled for the CPU by the tests.
//
// A CRC is the remainder of the message, a polynomial over GF(2), so it is a sum of what each word contributes: the word
// times a power of x that says how far it is from the end. One thread block takes one block of data. In each row of 4 KiB
// a thread loads 16 consecutive bytes, neighbours next to each other, and folds them into four sums of its own: multiply
// by x^(8 * 4096), which is four table lookups, and add the new word. After 16 rows each thread moves its sum to the place
// of its bytes in the row, all are added, and the CRC's two inversions are applied.

#define THREADS 256
#define THREAD_BYTES 16
#define ROW_BYTES (THREADS * THREAD_BYTES)
#define BLOCK_BYTES 65536
#define TABLE_WORDS 1024
#define POLYNOMIAL 0x82F63B78u // reflected: x^0 is the highest bit

// A sum times the power of x that the table is for.
__device__ __forceinline__ unsigned advance(const unsigned* table, unsigned sum) {
    return table[sum & 255] ^ table[256 + ((sum >> 8) & 255)] ^ table[512 + ((sum >> 16) & 255)]
            ^ table[768 + (sum >> 24)];
}

// The product of two polynomials modulo POLYNOMIAL.
__device__ unsigned multiply(unsigned a, unsigned b) {
    unsigned product = 0;
    for (int bit = 31; bit >= 0; bit--) {
        product ^= (a >> bit & 1) ? b : 0;
        b = (b >> 1) ^ ((b & 1) ? POLYNOMIAL : 0);
    }
    return product;
}

// The little-endian word at an offset of any alignment; bytes from the end on are zero.
__device__ unsigned word_at(const unsigned char* block, unsigned offset, unsigned length) {
    unsigned word = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (offset + i < length) {
            word |= (unsigned)block[offset + i] << (8 * i);
        }
    }
    return word;
}

// data: the payload. crcs: one word for each block. constants: of kvstore.gds.Crc32cTables, three parts: the table for a
// row, the table for a word, and for each thread the power of x from its bytes to the end of a row. unpad: the power of x
// that takes back the zeros which fill up the last block, 1 if it is whole.
extern "C" __global__ void __launch_bounds__(THREADS)
block_checksums(const unsigned char* data, unsigned long long length_bytes, unsigned* crcs, const unsigned* constants,
                unsigned unpad) {
    __shared__ unsigned row_table[TABLE_WORDS];
    __shared__ unsigned word_table[TABLE_WORDS];
    __shared__ unsigned warp_sums[THREADS / 32];
    const unsigned thread = threadIdx.x;
    for (unsigned i = thread; i < TABLE_WORDS; i += THREADS) {
        row_table[i] = constants[i];
        word_table[i] = constants[TABLE_WORDS + i];
    }
    __syncthreads();

    const unsigned long long start = (unsigned long long)blockIdx.x * BLOCK_BYTES;
    const unsigned char* block = data + start;
    const unsigned long long rest = length_bytes - start;
    const unsigned length = rest < BLOCK_BYTES ? (unsigned)rest : BLOCK_BYTES;
    const unsigned first = thread == 0 ? 0xFFFFFFFFu : 0; // the CRC's first inversion, of the message's first 32 bits
    unsigned s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    if (length == BLOCK_BYTES && ((unsigned long long)block & (THREAD_BYTES - 1)) == 0) {
        const uint4* rows = (const uint4*)block + thread;
#pragma unroll 4
        for (unsigned row = 0; row < BLOCK_BYTES / ROW_BYTES; row++) {
            const uint4 words = rows[row * THREADS];
            s0 = advance(row_table, s0) ^ words.x ^ (row == 0 ? first : 0);
            s1 = advance(row_table, s1) ^ words.y;
            s2 = advance(row_table, s2) ^ words.z;
            s3 = advance(row_table, s3) ^ words.w;
        }
    } else {
        for (unsigned row = 0; row < BLOCK_BYTES / ROW_BYTES; row++) {
            const unsigned offset = row * ROW_BYTES + thread * THREAD_BYTES;
            s0 = advance(row_table, s0) ^ word_at(block, offset, length) ^ (row == 0 ? first : 0);
            s1 = advance(row_table, s1) ^ word_at(block, offset + 4, length);
            s2 = advance(row_table, s2) ^ word_at(block, offset + 8, length);
            s3 = advance(row_table, s3) ^ word_at(block, offset + 12, length);
        }
    }
    unsigned sum = advance(word_table, s0) ^ s1;
    sum = advance(word_table, sum) ^ s2;
    sum = advance(word_table, sum) ^ s3;
    sum = multiply(sum, constants[2 * TABLE_WORDS + thread]);

    sum = __reduce_xor_sync(0xFFFFFFFFu, sum);
    if ((thread & 31) == 0) {
        warp_sums[thread / 32] = sum;
    }
    __syncthreads();
    if (thread == 0) {
        unsigned total = 0;
        for (unsigned warp = 0; warp < THREADS / 32; warp++) {
            total ^= warp_sums[warp];
        }
        total = advance(word_table, total);
        if (length < BLOCK_BYTES) {
            total = multiply(total, unpad);
        }
        crcs[blockIdx.x] = ~total;
    }
}
