package kvstore.bench.demo;

/**
 * What decides how large a chunk of KV cache is.
 *
 * @param name as in LMCache's keys
 * @param keyValueHeads heads of keys and values, of all ranks together; fewer than attention heads where they are grouped
 * @param headDimension elements in one head's vector
 * @param elementBytes size of one element, 2 for bf16
 * @param chunkTokens tokens in one chunk; 256 is LMCache's default
 */
record ModelShape(String name, int layers, int keyValueHeads, int headDimension, int elementBytes, int chunkTokens) {
    /** 32 MiB a chunk. */
    static final ModelShape LLAMA_3_1_8B = new ModelShape("meta-llama/Llama-3.1-8B", 32, 8, 128, 2, 256);

    private static final int KEYS_AND_VALUES = 2;

    /** Size of one chunk in bytes. */
    long chunkBytes() {
        return (long) KEYS_AND_VALUES * layers * chunkTokens * keyValueHeads * headDimension * elementBytes;
    }
}
