package kvstore.server.metrics;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import kvstore.gds.GpuEngine;
import kvstore.gds.GpuStats;
import kvstore.gds.ServedGpu;

/**
 * What an engine for GPU memory tells of itself.
 *
 * @param breakerOpen whether cuFile is left alone for now
 * @param breakerOpened how often it has come to that
 */
public record GpuFigures(
        GpuStats reads,
        GpuStats writes,
        BooleanSupplier breakerOpen,
        LongSupplier breakerOpened,
        List<ServedGpu> gpus) {
    /** Those of an engine that runs. */
    public static GpuFigures of(GpuEngine engine) {
        return new GpuFigures(
                engine.reads(), engine.writes(), engine::breakerOpen, engine::breakerOpened, engine.served());
    }
}
