package kvstore.server.region;

import java.util.List;
import java.util.Optional;
import kvstore.api.IoFailure;
import kvstore.api.Region;
import kvstore.gds.Availability;
import kvstore.gds.Availability.Available;
import kvstore.gds.Availability.Unavailable;
import kvstore.gds.GpuEngine;
import kvstore.gds.ServedGpu;

/** What this daemon can do with GPU memory, or why nothing. Thread-safe. */
public final class GpuAccess {
    /** What stands for the path where GPU memory is not served. */
    public static final String UNAVAILABLE = "unavailable";

    private final Availability<GpuEngine> found;

    /** For what was found at start. */
    public GpuAccess(Availability<GpuEngine> found) {
        this.found = found;
    }

    /** What moves GPU memory, if anything does. */
    public Optional<GpuEngine> engine() {
        return found instanceof Available<GpuEngine>(GpuEngine engine) ? Optional.of(engine) : Optional.empty();
    }

    /** The way of GPU memory in a word, for metrics, logs and clients. */
    public String path() {
        return switch (found) {
            case Available<GpuEngine>(GpuEngine engine) -> engine.gpuPath().label();
            case Unavailable<GpuEngine> _ -> UNAVAILABLE;
        };
    }

    /** Why it is this way, in a sentence for an operator. */
    public String reason() {
        return switch (found) {
            case Available<GpuEngine>(GpuEngine engine) -> engine.gpuReason();
            case Unavailable<GpuEngine>(String reason) -> reason;
        };
    }

    /** The GPUs whose memory is taken. */
    public List<ServedGpu> gpus() {
        return engine().map(GpuEngine::served).orElse(List.of());
    }

    /**
     * Maps a client's memory. Blocks while the driver works.
     *
     * @throws IoFailure if this cannot be shared; says why
     */
    Region map(GpuHandover handover) throws IoFailure {
        return switch (found) {
            case Available<GpuEngine>(GpuEngine engine) -> handover.open(engine);
            case Unavailable<GpuEngine>(String reason) ->
                throw new IoFailure(IoFailure.Kind.DENIED, 0, "no GPU support: " + reason);
        };
    }
}
