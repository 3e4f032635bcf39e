package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import kvstore.lustre.MountCheck.Verdict;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class MountVerifierTest {
    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);

    @AfterEach
    void nothingIsLeft() {
        assertThat(directory.files()).isEmpty();
        assertThat(directory.openDescriptors()).isEmpty();
        directory.close();
    }

    private List<MountCheck> run(PosixCalls calls) {
        return new MountVerifier(calls, directory.path()).run(StripeLayout.defaults());
    }

    private static MountCheck named(List<MountCheck> checks, String name) {
        return checks.stream()
                .filter(check -> check.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aGoodDirectoryPasses() {
        assertThat(run(new StrictCalls(Libc.INSTANCE))).hasSize(9).allMatch(check -> check.verdict() != Verdict.FAILED);
    }

    @Test
    void onLustreTheLayoutIsProved() {
        assertThat(named(run(new LustreCalls(Libc.INSTANCE)), "layout").verdict())
                .isEqualTo(Verdict.OK);
    }

    @Test
    void faultsAreVerdictsWithACure() {
        List<MountCheck> checks = run(new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public int lock(int fd) {
                return -Errno.ENOSYS.number();
            }

            @Override
            public int rename(Path from, Path to, int flags) {
                return -Errno.EIO.number();
            }
        });
        assertThat(named(checks, "lock").verdict()).isEqualTo(Verdict.FAILED);
        assertThat(named(checks, "lock").change()).contains("-o flock");
        assertThat(named(checks, "rename over").found()).contains("EIO");
    }

    @Test
    void twoLocksAtATimeAreRefused() {
        List<MountCheck> checks = run(new ForwardingCalls(Libc.INSTANCE) {
            @Override
            public int lock(int fd) {
                return 0;
            }
        });
        assertThat(named(checks, "lock").found()).contains("at the same time");
    }
}
