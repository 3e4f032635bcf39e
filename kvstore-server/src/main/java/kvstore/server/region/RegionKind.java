package kvstore.server.region;

import java.util.Locale;
import kvstore.api.Region;
import kvstore.gds.GpuRegion;

/** Where the memory of a region is. */
public enum RegionKind {
    HOST,
    GPU;

    static RegionKind of(Region region) {
        return region instanceof GpuRegion ? GPU : HOST;
    }

    /** The word used in metrics and logs. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
