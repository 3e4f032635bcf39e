package kvstore.lustre;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import kvstore.api.Blocks;
import kvstore.lustre.MountCheck.Verdict;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class MountVerifierTest {
    /** 16 pieces of one block, each of the six measurements one time round. */
    private static final MountLoad LOAD =
            new MountLoad(Blocks.BLOCK_BYTES, 16L * Blocks.BLOCK_BYTES, 1, 16L * Blocks.BLOCK_BYTES);

    private final TestDirectory system = TestDirectory.under(TestDirectory.BUILD);
    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);

    @AfterEach
    void nothingIsLeft() {
        assertThat(directory.files()).isEmpty();
        assertThat(directory.openDescriptors()).isEmpty();
        directory.close();
        system.close();
    }

    private MountVerifier verifier(PosixCalls calls, MountLoad load) {
        return new MountVerifier(
                calls,
                directory.path(),
                StripeLayout.defaults(),
                load,
                new MountTable(system.path().resolve("mountinfo")),
                new LustreClient(system.path()));
    }

    private List<MountCheck> run(PosixCalls calls) {
        return verifier(calls, LOAD).run();
    }

    private static MountCheck named(List<MountCheck> checks, String name) {
        return checks.stream()
                .filter(check -> check.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not among " + checks));
    }

    /** The table of mounts and the parameters of a client, as a Lustre client shows them. */
    private void lustreIsMounted(String options, int modRpcs) throws IOException {
        Files.writeString(system.path().resolve("mountinfo"), """
                21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
                99 21 0:43 / %s rw,noatime - lustre 10.0.0.1@o2ib:/exa rw,checksum,%s,lazystatfs
                """.formatted(directory.path(), options));
        write("version", "2.14.0_ddn172");
        for (int ost = 0; ost < 2; ost++) {
            write("osc/exa-OST%04d-osc-ff00/max_pages_per_rpc".formatted(ost), "4096");
            write("osc/exa-OST%04d-osc-ff00/max_rpcs_in_flight".formatted(ost), "" + (16 + ost));
        }
        write("mdc/exa-MDT0000-mdc-ff00/max_mod_rpcs_in_flight", "" + modRpcs);
    }

    private void write(String file, String text) throws IOException {
        Path path = system.path().resolve(file);
        Path parent = path.getParent();
        assertThat(parent).isNotNull();
        Files.createDirectories(parent);
        Files.writeString(path, text + "\n");
    }

    @Test
    void aGoodDirectoryPasses() {
        List<MountCheck> checks = run(Libc.INSTANCE);
        assertThat(checks)
                .extracting(MountCheck::name)
                .containsSubsequence(
                        "file system",
                        "space",
                        "quota",
                        "layout",
                        "direct I/O",
                        "visibility",
                        "exclusive create",
                        "unlink while open",
                        "allocation",
                        "truncation",
                        "rename over",
                        "lock",
                        "metadata",
                        "write throughput",
                        "read throughput");
        assertThat(checks).allMatch(check -> check.verdict() != Verdict.FAILED);
        assertThat(named(checks, "file system").found()).contains("not lustre");
        assertThat(named(checks, "read throughput").found()).contains("1 in flight", "16 in flight", "GB/s");
    }

    /** A client of 2.15: only whole pages, and no read across an end inside one. */
    @Test
    void anOldClientPassesAndIsTold() {
        MountCheck alignment = named(run(new StrictCalls(Libc.INSTANCE)), "alignment");
        assertThat(alignment.verdict()).isEqualTo(Verdict.OK);
        assertThat(alignment.found()).contains("multiples of 65536 bytes, less is refused", "is refused (EINVAL)");
    }

    @Test
    void onLustreMoreIsLookedAt() throws Exception {
        lustreIsMounted("flock", 32);
        List<MountCheck> checks = run(new StrictCalls(new LustreCalls(Libc.INSTANCE)));
        assertThat(checks).allMatch(check -> check.verdict() != Verdict.FAILED);
        assertThat(named(checks, "file system").found()).contains("lustre", "2.14.0_ddn172", "10.0.0.1@o2ib:/exa");
        assertThat(named(checks, "mount options").verdict()).isEqualTo(Verdict.OK);
        assertThat(named(checks, "client").verdict()).isEqualTo(Verdict.OK);
        assertThat(named(checks, "client").found())
                .contains("osc.*.max_rpcs_in_flight 16", "max_mod_rpcs_in_flight 32");
        assertThat(named(checks, "layout").verdict()).isEqualTo(Verdict.OK);
        assertThat(named(checks, "layout").found()).contains("stripe count 1");
        assertThat(named(checks, "quota").verdict()).isEqualTo(Verdict.NOTE);
        assertThat(named(checks, "quota").change()).contains("lfs setquota");
    }

    @Test
    void whatAnAdministratorCanChangeIsNamed() throws Exception {
        lustreIsMounted("localflock", 7);
        List<MountCheck> checks = run(new LustreCalls(Libc.INSTANCE) {
            @Override
            public int ioctl(int fd, long request, MemorySegment argument) {
                return request == Ioctl.LL_IOC_LOV_SETSTRIPE
                        ? -Errno.EACCES.number()
                        : super.ioctl(fd, request, argument);
            }
        });
        assertThat(named(checks, "mount options").found()).contains("for this node only");
        assertThat(named(checks, "mount options").change()).contains("-o flock");
        assertThat(named(checks, "client").change()).contains("set_param mdc.*.max_mod_rpcs_in_flight=32");
        assertThat(named(checks, "layout").verdict()).isEqualTo(Verdict.NOTE);
        assertThat(named(checks, "layout").change()).contains("lfs setstripe");
    }

    @Test
    void refusalsAreVerdictsWithACure() {
        List<MountCheck> checks = run(new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public int lock(int fd) {
                return -Errno.ENOSYS.number();
            }

            @Override
            public int rename(Path from, Path to, int flags) {
                return -Errno.EIO.number();
            }

            @Override
            public int fallocate(int fd, long sizeBytes) {
                return -Errno.EOPNOTSUPP.number();
            }
        });
        assertThat(named(checks, "lock").verdict()).isEqualTo(Verdict.FAILED);
        assertThat(named(checks, "lock").change()).contains("-o flock");
        assertThat(named(checks, "rename over").verdict()).isEqualTo(Verdict.FAILED);
        assertThat(named(checks, "rename over").found()).contains("EIO");
        assertThat(named(checks, "allocation").verdict()).isEqualTo(Verdict.NOTE);
        assertThat(named(checks, "allocation").found()).contains("sparse");
    }

    @Test
    void aFileSystemWithOtherSemanticsIsFoundOut() {
        List<MountCheck> checks = run(new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public int lock(int fd) {
                return 0;
            }

            // cuts nothing, so that what was there comes back
            @Override
            public int ftruncate(int fd, long sizeBytes) {
                return 0;
            }

            // as a page cache that is not coherent: what was never written
            @Override
            public long pread(int fd, MemorySegment destination, long offset) {
                long count = super.pread(fd, destination, offset);
                if (count > 0 && offset == Blocks.BLOCK_BYTES) {
                    destination.fill((byte) 77);
                }
                return count;
            }
        });
        assertThat(named(checks, "lock").found()).contains("at the same time");
        assertThat(List.of(named(checks, "lock"), named(checks, "truncation"), named(checks, "visibility")))
                .allMatch(check ->
                        check.verdict() == Verdict.FAILED && !check.change().isEmpty());
    }

    @Test
    void throughThePageCacheItIsANote() {
        List<MountCheck> checks = run(new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public int open(Path file, int flags, int mode) {
                return (flags & OpenFlags.direct()) != 0 ? -Errno.EINVAL.number() : super.open(file, flags, mode);
            }
        });
        assertThat(named(checks, "direct I/O").verdict()).isEqualTo(Verdict.NOTE);
        assertThat(checks).extracting(MountCheck::name).doesNotContain("alignment");
        assertThat(named(checks, "write throughput").found()).contains("through the page cache");
    }

    @Test
    void withoutTimeOrSpaceNothingIsMeasured() {
        assertThat(named(verifier(Libc.INSTANCE, MountLoad.of(0)).run(), "throughput")
                        .found())
                .contains("as wanted");
        MountLoad tooLarge = new MountLoad(Blocks.BLOCK_BYTES, 15L * Blocks.BLOCK_BYTES, 1, 1);
        assertThat(named(verifier(Libc.INSTANCE, tooLarge).run(), "throughput").found())
                .contains("too little space");
    }

    /** Every call fails once: a check fails, and nothing is left open or in the directory. */
    @Test
    void aFaultAnywhereLeavesNothingBehind() {
        FaultyCalls counting = new FaultyCalls(Libc.INSTANCE, (_, _, _) -> null);
        verifier(counting, MountLoad.of(0)).run();
        List<String> made = counting.made();
        // the many files of the check of metadata are one like another
        int unlike = made.lastIndexOf("lock") + 10;
        assertThat(unlike).isGreaterThan(80);
        for (int call = 0; call < unlike; call++) {
            if (made.get(call).equals("unlink")) {
                continue; // a file that cannot be removed stays
            }
            int failing = call;
            FaultyCalls faulty =
                    new FaultyCalls(Libc.INSTANCE, (index, _, _) -> index == failing ? FaultyCalls.Fault.EIO : null);
            verifier(faulty, MountLoad.of(0)).run();
            assertThat(faulty.injected()).isEqualTo(1);
            assertThat(directory.files())
                    .as("after call %d, %s", call, made.get(call))
                    .isEmpty();
            assertThat(directory.openDescriptors()).isEmpty();
        }
    }

    @Test
    void stoppedInTheMiddleItEndsAndLeavesNothing() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        ForwardingCalls calls = new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public long pwrite(int fd, MemorySegment source, long offset) {
                if (source.byteSize() == 2L * Blocks.BLOCK_BYTES) {
                    writing.countDown(); // of the measurement, which has no end of its own
                }
                return super.pwrite(fd, source, offset);
            }
        };
        MountVerifier endless = verifier(
                calls,
                new MountLoad(2L * Blocks.BLOCK_BYTES, 64L * Blocks.BLOCK_BYTES, Integer.MAX_VALUE, Long.MAX_VALUE));
        CompletableFuture<List<MountCheck>> checks = CompletableFuture.supplyAsync(endless::run);
        assertThat(writing.await(30, SECONDS)).isTrue();
        endless.stop();
        assertThat(directory.files()).isEmpty();
        assertThat(named(checks.get(10, SECONDS), "throughput").found()).contains("interrupted");
    }

    @Test
    void aLoadHasLimits() {
        assertThatThrownBy(() -> new MountLoad(1000, 1, 1, 1)).hasMessageContaining("not 1000");
        assertThatThrownBy(() -> new MountLoad(Blocks.BLOCK_BYTES, -1, 1, 1)).hasMessageContaining("-1");
    }

    @Test
    void theNearestMountIsTheOneOnTop() throws Exception {
        Path table = system.path().resolve("mountinfo");
        Files.writeString(table, """
                21 1 254:0 / / rw - ext4 /dev/vda rw
                22 21 0:1 / /data rw - ext4 /dev/vdb rw
                23 21 0:2 / /data/a\\040b rw shared:1 master:2 - lustre a:/b rw,flock
                24 21 0:3 / /data rw - xfs /dev/vdc rw
                not a line
                """);
        MountTable mounts = new MountTable(table);
        assertThat(mounts.of(Path.of("/data/x")).orElseThrow().source()).isEqualTo("/dev/vdc");
        assertThat(mounts.of(Path.of("/database")).orElseThrow().source()).isEqualTo("/dev/vda");
        assertThat(mounts.of(Path.of("/data/a b/c")).orElseThrow().options()).contains("flock", "rw");
        assertThat(new MountTable(Path.of("/missing")).of(Path.of("/"))).isEmpty();
    }
}
