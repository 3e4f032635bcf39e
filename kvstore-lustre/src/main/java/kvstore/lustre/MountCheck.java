package kvstore.lustre;

/**
 * What one check of a mount found.
 *
 * @param name of the check
 * @param found a sentence
 * @param change what to change, empty if nothing
 */
public record MountCheck(String name, Verdict verdict, String found, String change) {
    /** What it means for the store. */
    public enum Verdict {
        /** As the store needs it. */
        OK,
        /** The store works, with less speed or safety, or nothing can be proved here. */
        NOTE,
        /** The store cannot rely on this mount. */
        FAILED
    }

    /** One that is right or not. */
    static MountCheck of(String name, boolean right, String found, String change) {
        return new MountCheck(name, right ? Verdict.OK : Verdict.FAILED, found, right ? "" : change);
    }
}
