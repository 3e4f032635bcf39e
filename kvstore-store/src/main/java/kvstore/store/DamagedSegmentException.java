package kvstore.store;

import java.io.IOException;
import java.io.Serial;

/** A segment file cannot be used as it is. */
final class DamagedSegmentException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final SegmentDamage damage;

    DamagedSegmentException(SegmentDamage damage, String message) {
        super(message);
        this.damage = damage;
    }

    SegmentDamage damage() {
        return damage;
    }
}
