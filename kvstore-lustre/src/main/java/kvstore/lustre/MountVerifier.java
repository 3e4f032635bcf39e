package kvstore.lustre;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import kvstore.api.IoFailure;
import kvstore.lustre.MountCheck.Verdict;

/** Asserts on a real directory what the store relies on. Every file it makes there is removed again. */
public final class MountVerifier {
    /** How long {@link #stop()} waits for the operation under way, which may hang with a server. */
    private static final long STOP_SECONDS = 10;

    private static final String ELSEWHERE = "do not use this file system";

    private final StripeLayout layout;
    private final MountFiles files;
    private final MountFacts facts;
    private final MountSpeed speed;
    private final List<MountCheck> checks = new ArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);

    MountVerifier(
            PosixCalls calls,
            Path directory,
            StripeLayout layout,
            MountLoad load,
            MountTable mounts,
            LustreClient client) {
        this.layout = layout;
        this.files = new MountFiles(calls, directory);
        this.facts = new MountFacts(calls, directory, mounts, client);
        this.speed = new MountSpeed(files, load);
    }

    /**
     * Prepares to check an empty directory of the caller's own, which the caller removes.
     *
     * @param layout that is tried where the directory is on Lustre
     * @throws IllegalStateException if the Java runtime denies native calls; the message has the flag that allows them
     */
    public static MountVerifier of(Path directory, StripeLayout layout, MountLoad load) {
        NativeAccess.require();
        return new MountVerifier(
                Libc.INSTANCE, directory, layout, load, MountTable.ofThisProcess(), LustreClient.ofThisMachine());
    }

    /** Runs all checks, once. After {@link #stop()} the rest of them fail. */
    public List<MountCheck> run() {
        try {
            runAll();
            return List.copyOf(checks);
        } finally {
            ended.countDown();
        }
    }

    /** Ends {@link #run()} early, and waits until it makes no file any more. Once it runs. */
    public void stop() {
        files.stop();
        try {
            boolean _ = ended.await(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void runAll() {
        MountSemantics semantics = new MountSemantics(files);
        check("file system", "is it mounted?", facts::fileSystem);
        boolean lustre = isLustre();
        if (lustre) {
            check("mount options", "", facts::mountOptions);
        }
        check("space", "is it mounted?", facts::space);
        check("quota", "", facts::quota);
        check("layout", "run lfs getstripe on the directory", name -> facts.layout(name, layout));
        check("direct I/O", "use a directory that can be written and read back", facts::direct);
        boolean direct = last().verdict() == Verdict.OK;
        if (direct) {
            check("alignment", ELSEWHERE, new DirectLimits(files)::alignment);
        }
        int flags = direct ? OpenFlags.direct() : 0;
        check("visibility", ELSEWHERE, name -> semantics.visibility(name, flags));
        check("exclusive create", ELSEWHERE, semantics::exclusiveCreate);
        check("unlink while open", ELSEWHERE, semantics::unlinkWhileOpen);
        check("allocation", "check quota and free space", semantics::allocation);
        check("truncation", ELSEWHERE, semantics::truncation);
        check("rename over", ELSEWHERE, semantics::rename);
        check("lock", "on Lustre, mount with -o flock", semantics::lock);
        if (lustre) {
            check("client", "", facts::client);
        }
        check("metadata", "look at the load of the metadata server", speed::metadata);
        throughput();
    }

    private void throughput() {
        try {
            checks.addAll(speed.throughput());
        } catch (IoFailure e) {
            checks.add(failed("throughput", e, "look at the log of the kernel"));
        }
    }

    private MountCheck last() {
        return checks.getLast();
    }

    private boolean isLustre() {
        try {
            return facts.isLustre();
        } catch (IoFailure _) {
            return false; // the check of the file system says so
        }
    }

    private interface Check {
        MountCheck run(String name) throws IoFailure;
    }

    private void check(String name, String cure, Check check) {
        try {
            checks.add(check.run(name));
        } catch (IoFailure e) {
            checks.add(failed(name, e, cure));
        }
    }

    private static MountCheck failed(String name, IoFailure failure, String cure) {
        return new MountCheck(name, Verdict.FAILED, String.valueOf(failure.getMessage()), cure);
    }
}
