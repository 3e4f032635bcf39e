package kvstore.gds;

/** Something for a thread of a {@link GpuLane}: either it runs or it is refused, once. */
interface GpuTask {
    /** Does it. Throws nothing. */
    void run(GpuWorker worker);

    /** Ends it without having done it, because the lane gave up. */
    void refuse();
}
