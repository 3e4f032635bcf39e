package kvstore.store;

import kvstore.api.IoFailure;

/** What a segment file was found to be. */
sealed interface Scan {
    /**
     * Good, or good enough.
     *
     * @param entries all of its records
     * @param scanned it had no usable index area and was read record by record
     * @param damaged it had been sealed, but what says so is damaged
     */
    record Usable(Segment segment, EntryBatch entries, boolean scanned, boolean damaged) implements Scan {}

    /** A file without a single record: a segment that was prepared and never used. */
    record Empty() implements Scan {}

    /** Not a segment of this node, or none that can be used. */
    record Damaged(SegmentDamage damage, String message) implements Scan {}

    /** The file system would not read it now. */
    record Unread(IoFailure failure) implements Scan {}

    /** It is not there any more. */
    record Missing() implements Scan {}
}
