package kvstore.lustre;

/**
 * The requests of {@code ioctl(2)} that this module makes. Those of Lustre are of its {@code lustre_user.h} and have the
 * same numbers on x86-64 and arm64; others are of Linux {@code include/uapi/linux/fs.h}.
 */
final class Ioctl {
    /** Sets the layout that new files of a directory get; the argument is of {@link LovUserMd}. */
    static final long LL_IOC_LOV_SETSTRIPE = 0x4008669AL;

    /** Reads that layout, into memory of {@link LovUserMd#BUFFER_BYTES}: the request knows no size. */
    static final long LL_IOC_LOV_GETSTRIPE = 0x4008669BL;

    /** Reads {@code struct fsxattr}, with the project that a directory belongs to. */
    static final long FS_IOC_FSGETXATTR = 0x801C581FL;

    /**
     * Reads or sets a quota; the argument is of {@link ProjectQuotas#IF_QUOTACTL}, whose size is part of the number.
     * {@code lustre_ioctl.h}.
     */
    static final long OBD_IOC_QUOTACTL = 0xC0B066A2L;

    private Ioctl() {}
}
