package kvstore.client.lmcache;

/** A kind of tree. */
public enum TreeFormat {
    /** {@code GdsBackend} of the in-process mode: {@code <2>/<2>/<quoted key>.kvcache.safetensors} and its metadata. */
    GDS("gds"),
    /** {@code fs_native} and {@code fs} of the multiprocess mode: flat, raw bytes. */
    FS_NATIVE("fs_native"),
    /** {@code nixl_store_dynamic} of the multiprocess mode: raw bytes in pages, flat or with {@code shard_dirs}. */
    NIXL("nixl"),
    /** The in-process {@code fs://} connector: flat, RemoteMetadata before the bytes. */
    FS("fs");

    private final String label;

    TreeFormat(String label) {
        this.label = label;
    }

    /** As the command line names it. */
    public String label() {
        return label;
    }

    @Override
    public String toString() {
        return label;
    }
}
