package kvstore.gds;

import java.util.Locale;

/** The ways that payload can take between GPU memory and the file system. */
public enum GpuPath {
    /** libcufile, past host memory: nvidia-fs or peer-to-peer DMA moved the probe's bytes. */
    CUFILE,
    /** libcufile, which itself goes through host memory. */
    CUFILE_COMPAT,
    /** O_DIRECT and pinned host memory of our own. */
    STAGED;

    /** The word used in metrics and logs. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
