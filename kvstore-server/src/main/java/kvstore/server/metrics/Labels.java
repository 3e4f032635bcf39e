package kvstore.server.metrics;

import java.util.Locale;
import kvstore.v1.GetStatus;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutStatus;

/** The wire's words as label values: {@code PUT_STATUS_ALREADY_STORED} is {@code already_stored}. */
final class Labels {
    private static final String NONE = "none";

    private Labels() {}

    static String of(PutStatus status) {
        return label(status, "PUT_STATUS_", PutStatus.PUT_STATUS_UNSPECIFIED);
    }

    static String of(PutReason reason) {
        return label(reason, "PUT_REASON_", PutReason.PUT_REASON_UNSPECIFIED);
    }

    static String of(GetStatus status) {
        return label(status, "GET_STATUS_", GetStatus.GET_STATUS_UNSPECIFIED);
    }

    static String of(MissReason reason) {
        return label(reason, "MISS_REASON_", MissReason.MISS_REASON_UNSPECIFIED);
    }

    static String small(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String label(Enum<?> constant, String prefix, Enum<?> unspecified) {
        return constant == unspecified ? NONE : small(constant).substring(prefix.length());
    }
}
