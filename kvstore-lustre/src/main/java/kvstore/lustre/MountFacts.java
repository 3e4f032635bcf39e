package kvstore.lustre;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import kvstore.api.FileSystemFacts;
import kvstore.api.IoFailure;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.lustre.MountCheck.Verdict;
import kvstore.lustre.MountTable.Mount;

/** What a mount says of itself. */
final class MountFacts {
    /** Where the project tries the store; of others it knows nothing. */
    private static final Set<String> TRIED = Set.of(FileSystems.LUSTRE, "ext4", "xfs", "overlay", FileSystems.TMPFS);

    /** Below, not even a small cache has room. */
    private static final long AVAILABLE_BYTES_MIN = 10L << 30;

    /** {@code osc.*.max_pages_per_rpc} of 16 MiB in pages of 4 KiB, as NVIDIA's guide for EXAScaler has it. */
    private static final long PAGES_PER_RPC = 4096;

    private static final long RPCS_IN_FLIGHT = 16;
    private static final long MOD_RPCS_IN_FLIGHT = 32;

    private final PosixCalls calls;
    private final Path directory;
    private final MountTable mounts;
    private final LustreClient client;

    MountFacts(PosixCalls calls, Path directory, MountTable mounts, LustreClient client) {
        this.calls = calls;
        this.directory = directory;
        this.mounts = mounts;
        this.client = client;
    }

    boolean isLustre() throws IoFailure {
        return facts().type().equals(FileSystems.LUSTRE);
    }

    private FileSystemFacts facts() throws IoFailure {
        return FileSystems.facts(calls, directory);
    }

    MountCheck fileSystem(String name) throws IoFailure {
        String type = facts().type();
        String kind = type.equals(FileSystems.LUSTRE)
                ? "lustre, client " + client.version().orElse("of unknown version")
                : type + ", not lustre";
        String where = mounts.of(directory)
                .map(mount -> ", %s on %s".formatted(mount.source(), mount.point()))
                .orElse("");
        return TRIED.contains(type)
                ? new MountCheck(name, Verdict.OK, kind + where, "")
                : new MountCheck(name, Verdict.NOTE, kind + where, "kvstore is tried on lustre, ext4 and xfs only");
    }

    /** Of the mount of a Lustre file system only. */
    MountCheck mountOptions(String name) {
        Set<String> options = mounts.of(directory).map(Mount::options).orElse(Set.of());
        if (options.contains("flock")) {
            return new MountCheck(name, Verdict.OK, "flock: a lock is one for all nodes", "");
        }
        String found = options.isEmpty()
                ? "the table of mounts does not show it"
                : "no option flock: a lock is "
                        + (options.contains("localflock") ? "one for this node only" : "refused");
        return new MountCheck(
                name, Verdict.NOTE, found, "mount with -o flock, so that no two nodes use one node's directory");
    }

    MountCheck space(String name) throws IoFailure {
        FileSystemFacts facts = facts();
        String found = "%s of %s available".formatted(size(facts.availableBytes()), size(facts.totalBytes()));
        return facts.availableBytes() < AVAILABLE_BYTES_MIN && facts.totalBytes() > 0
                ? new MountCheck(name, Verdict.NOTE, found, "free some space, or take another directory")
                : new MountCheck(name, Verdict.OK, found, "");
    }

    MountCheck quota(String name) throws IoFailure {
        return switch (new ProjectQuotas(calls).of(directory)) {
            case ProjectQuota.Limited limited -> limited(name, limited, isLustre() ? "lfs setquota" : "setquota");
            case ProjectQuota.Unavailable(String reason)
            when isLustre() ->
                new MountCheck(
                        name,
                        Verdict.NOTE,
                        reason,
                        "give the directory a project with a limit (lfs project -s -p ID, lfs setquota -p ID -B SIZE),"
                                + " so that the cache never takes the space of others");
            case ProjectQuota.Unavailable(String reason) -> new MountCheck(name, Verdict.OK, reason, "");
        };
    }

    private static MountCheck limited(String name, ProjectQuota.Limited quota, String command) {
        String found = "project %d has %s of %s left"
                .formatted(quota.project(), size(quota.availableBytes()), size(quota.limitBytes()));
        return quota.availableBytes() < AVAILABLE_BYTES_MIN
                ? new MountCheck(name, Verdict.NOTE, found, "raise the limit of this project with " + command)
                : new MountCheck(name, Verdict.OK, found, "");
    }

    MountCheck layout(String name, StripeLayout wanted) throws IoFailure {
        DirectoryLayout.Result result = new DirectoryLayout(calls).apply(directory, wanted);
        return switch (result.outcome()) {
            case SET, KEPT -> new MountCheck(name, Verdict.OK, result.reason(), "");
            case NOT_LUSTRE, OFF -> new MountCheck(name, Verdict.OK, "not lustre: there is none", "");
            case FAILED ->
                new MountCheck(
                        name,
                        Verdict.NOTE,
                        result.reason(),
                        "let an administrator run lfs setstripe, and set lustre.set-layout to false");
        };
    }

    MountCheck direct(String name) throws IoFailure {
        DirectProbe.Result result = new DirectProbe(calls, directory).run(DirectMode.AUTO);
        return switch (result.path()) {
            case ODIRECT -> new MountCheck(name, Verdict.OK, result.reason(), "");
            default -> new MountCheck(name, Verdict.NOTE, result.reason(), "use lustre, ext4 or xfs for O_DIRECT");
        };
    }

    /** Against what makers of storage recommend for large objects; of a Lustre file system only. */
    MountCheck client(String name) {
        List<String> found = new ArrayList<>();
        List<String> change = new ArrayList<>();
        compare("osc", "max_pages_per_rpc", PAGES_PER_RPC, found, change);
        compare("osc", "max_rpcs_in_flight", RPCS_IN_FLIGHT, found, change);
        compare("mdc", "max_mod_rpcs_in_flight", MOD_RPCS_IN_FLIGHT, found, change);
        if (found.isEmpty()) {
            return new MountCheck(name, Verdict.NOTE, "the client does not tell its parameters", "");
        }
        return new MountCheck(
                name,
                change.isEmpty() ? Verdict.OK : Verdict.NOTE,
                String.join(", ", found),
                change.isEmpty() ? "" : "try lctl set_param " + String.join(" ", change) + ", and measure");
    }

    private void compare(String kind, String parameter, long recommended, List<String> found, List<String> change) {
        OptionalLong value = client.smallest(kind, parameter);
        if (value.isPresent()) {
            found.add("%s.*.%s %d".formatted(kind, parameter, value.getAsLong()));
            if (value.getAsLong() < recommended) {
                change.add("%s.*.%s=%d".formatted(kind, parameter, recommended));
            }
        }
    }

    private static String size(long bytes) {
        return bytes < 1 << 30 ? "%d MiB".formatted(bytes >> 20) : "%.1f GiB".formatted(bytes / (double) (1 << 30));
    }
}
