package kvstore.server;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import kvstore.server.FaultyEngine.Call;
import kvstore.server.FaultyEngine.Fault;
import org.jspecify.annotations.Nullable;

/** Faults of some kinds at random. The seed decides which, as far as the order of calls does not. */
final class RandomFaults implements FaultyEngine.Plan {
    /**
     * What is told to the store. No ENOSPC at creation, which makes the store evict: that is no loss by a fault, but would
     * look like one.
     */
    static final Map<Call, List<Fault>> LOUD = Map.of(
            Call.CREATE, List.of(Fault.EIO, Fault.TRANSIENT),
            Call.READ, List.of(Fault.EIO, Fault.SHORT, Fault.TRANSIENT),
            Call.WRITE, List.of(Fault.EIO, Fault.ENOSPC, Fault.TRANSIENT, Fault.TORN, Fault.LATE_EIO));

    /** What a start may meet as well. */
    static final Map<Call, List<Fault>> AT_START = Map.of(
            Call.OPEN, List.of(Fault.EIO, Fault.TRANSIENT),
            Call.READ, List.of(Fault.EIO, Fault.SHORT, Fault.TRANSIENT),
            Call.WRITE, List.of(Fault.EIO, Fault.TORN));

    /** What only a checksum finds. */
    static final Map<Call, List<Fault>> SILENT =
            Map.of(Call.READ, List.of(Fault.FLIP), Call.WRITE, List.of(Fault.FLIP, Fault.LOST));

    private final Random random;
    private final double probability;
    private final Map<Call, List<Fault>> faults;

    RandomFaults(long seed, double probability, Map<Call, List<Fault>> faults) {
        this.random = new Random(seed);
        this.probability = probability;
        this.faults = faults;
    }

    @Override
    public synchronized @Nullable Fault fault(Call call, Path file, long offset, long bytes) {
        List<Fault> kinds = faults.getOrDefault(call, List.of());
        return kinds.isEmpty() || random.nextDouble() >= probability ? null : kinds.get(random.nextInt(kinds.size()));
    }
}
