package kvstore.api;

/** An open file with a descriptor of the kernel, for an engine that stands on another one and hands it to a library. */
public interface DescriptorFile extends IoFile {
    /** The descriptor. It is this file's own and is closed with it: nobody else closes it, or uses it after that. */
    int descriptor();
}
