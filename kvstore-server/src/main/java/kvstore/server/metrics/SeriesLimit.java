package kvstore.server.metrics;

import io.grpc.Status;
import kvstore.api.IoFailure;
import kvstore.api.IoPath;
import kvstore.gds.GpuPath;
import kvstore.lustre.DirectoryLayout;
import kvstore.server.identity.Tenants;
import kvstore.store.CapacityState;
import kvstore.store.EvictionTrigger;
import kvstore.store.ReinsertionRefusal;
import kvstore.store.SegmentDamage;
import kvstore.store.ShedReason;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;

/**
 * How many series one metric of one daemon can have, so that no fault of ours and no hostile client fills somebody's
 * Prometheus. {@link Meters} holds every metric to it.
 */
final class SeriesLimit {
    /** More directories than a node has devices. */
    static final int DIRECTORIES = 64;

    /** More GPUs than one machine has. */
    static final int GPUS = 32;

    /** The operations that {@link kvstore.store.StoreListener#ioFailed} names, and room for some more. */
    static final int STORE_OPERATIONS = 16;

    /** {@code read} and {@code write}, or {@code put} and {@code get}. */
    private static final int DIRECTIONS = 2;

    /** {@code host} and {@code gpu}. */
    private static final int REGION_KINDS = 2;

    private static final int STATUSES = Math.max(PutStatus.values().length, GetStatus.values().length);

    private static final int REASONS = Math.max(PutReason.values().length, MissReason.values().length);

    private SeriesLimit() {}

    /** The most combinations of label values that a metric may have. */
    static int of(Metric metric) {
        return metric.labels().stream()
                .mapToInt(label -> valuesOf(metric, label))
                .reduce(1, Math::multiplyExact);
    }

    private static int valuesOf(Metric metric, String label) {
        return switch (label) {
            case "version", "java", "type" -> 1;
            case "rpc" -> Rpc.values().length;
            case "code" -> Status.Code.values().length;
            case "command" ->
                metric.name().startsWith("RESP") ? RespCommand.values().length : LmCommand.values().length;
            case "direction" -> DIRECTIONS;
            case "status" -> STATUSES;
            case "directory" -> DIRECTORIES;
            case "trigger" -> EvictionTrigger.values().length;
            case "damage" -> SegmentDamage.values().length;
            case "operation" -> STORE_OPERATIONS;
            case "gpu" -> GPUS;
            case "tenant" -> Tenants.MAX_KNOWN;
            case "result" -> 3;
            case "way", "where" -> 2;
            case "state" -> state(metric);
            case "outcome" -> outcome(metric);
            case "reason" -> reason(metric);
            case "kind" -> kind(metric);
            case "path" -> path(metric);
            default -> throw new IllegalArgumentException(metric + ": the label " + label + " has no limit");
        };
    }

    private static int state(Metric metric) {
        return switch (metric) {
            case STORE_CAPACITY_STATE -> CapacityState.values().length;
            case STORE_SEGMENTS -> 4;
            default -> 2;
        };
    }

    private static int outcome(Metric metric) {
        return switch (metric) {
            case RESP_COMMANDS_TOTAL -> RespOutcome.values().length;
            case LM_COMMANDS_TOTAL -> LmOutcome.values().length;
            case LUSTRE_LAYOUT -> DirectoryLayout.Outcome.values().length;
            default -> 2;
        };
    }

    private static int reason(Metric metric) {
        return switch (metric) {
            case PUT_CHUNKS_TOTAL, GET_CHUNKS_TOTAL -> REASONS;
            case STORE_SHED_TOTAL -> ShedReason.values().length;
            case STORE_REINSERTION_REFUSED_CHUNKS_TOTAL -> ReinsertionRefusal.values().length;
            case GPU_PATH_REASON -> 1;
            default -> 2;
        };
    }

    private static int kind(Metric metric) {
        return metric.name().startsWith("REGION") ? REGION_KINDS : IoFailure.Kind.values().length;
    }

    private static int path(Metric metric) {
        return switch (metric) {
            case IO_PATH, IO_OPERATIONS_TOTAL, IO_BYTES_TOTAL -> IoPath.values().length;
            case GPU_PATH_REASON -> 1;
            default -> GpuPath.values().length + 1;
        };
    }
}
