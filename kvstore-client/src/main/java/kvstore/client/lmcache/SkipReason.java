package kvstore.client.lmcache;

/** Why a file is not imported, or a key not exported. */
public enum SkipReason {
    UNKNOWN_NAME("no name that LMCache gives"),
    ODD_NAME("a name that cannot be read in exactly one way"),
    MISPLACED("not in the directory where LMCache looks for it"),
    SYMBOLIC_LINK("a symbolic link"),
    NOT_A_FILE("no regular file"),
    UNREADABLE("could not be read"),
    EMPTY("no bytes"),
    NOT_PUBLISHED("without its .metadata: LMCache had not finished it"),
    BAD_HEADER("a header that is torn or wrong"),
    WRONG_SIZE("another size than its header or --true-length says"),
    CHANGED("changed while it was read"),
    TOO_LARGE("larger than the daemon takes"),
    OTHER_LENGTH("the daemon holds a value of another length; --replace takes this one"),
    REFUSED("the daemon refused it"),
    NOT_NAMEABLE("the format cannot name it"),
    IN_THE_WAY("something else is there already"),
    GONE("the daemon no longer has it"),
    DIFFERENT("other bytes than were stored");

    private final String meaning;

    SkipReason(String meaning) {
        this.meaning = meaning;
    }

    /** A few words for people. */
    public String meaning() {
        return meaning;
    }
}
