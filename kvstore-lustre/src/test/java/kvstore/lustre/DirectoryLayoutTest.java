package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import kvstore.api.IoFailure;
import kvstore.lustre.DirectoryLayout.Outcome;
import kvstore.lustre.DirectoryLayout.Result;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DirectoryLayoutTest {
    private static final StripeLayout WANTED = new StripeLayout(1, 16 << 20, "flash");

    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);

    @AfterEach
    void nothingIsLeftOpen() {
        assertThat(directory.openDescriptors()).isEmpty();
        directory.close();
    }

    @Test
    void elsewhereNothingIsDone() throws Exception {
        Result result = new DirectoryLayout(Libc.INSTANCE).apply(directory.path(), WANTED);
        assertThat(result.outcome()).isEqualTo(Outcome.NOT_LUSTRE);
        assertThat(result.reason()).contains("which has no stripes");
    }

    @Test
    void theRequestsOfLustreAreUnknownElsewhere() {
        int fd = Libc.INSTANCE.open(directory.path(), OpenFlags.CLOSE_ON_EXEC, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment md = arena.allocate(LovUserMd.BUFFER_BYTES);
            assertThat(Libc.INSTANCE.ioctl(fd, Ioctl.LL_IOC_LOV_GETSTRIPE, md)).isEqualTo(-Errno.ENOTTY.number());
            md.copyFrom(MemorySegment.ofArray(LovUserMd.encode(WANTED)));
            assertThat(Libc.INSTANCE.ioctl(fd, Ioctl.LL_IOC_LOV_SETSTRIPE, md)).isEqualTo(-Errno.ENOTTY.number());
        }
        assertThat(Libc.INSTANCE.close(fd)).isZero();
    }

    @Test
    void isSetReadBackAndKept() throws Exception {
        DirectoryLayout layout = new DirectoryLayout(new LustreCalls(Libc.INSTANCE));
        Result set = layout.apply(directory.path(), WANTED);
        assertThat(set.outcome()).isEqualTo(Outcome.SET);
        assertThat(set.found()).contains(WANTED);
        assertThat(set.reason()).contains("pool flash", "before: no layout of its own");
        assertThat(layout.apply(directory.path(), WANTED).outcome()).isEqualTo(Outcome.KEPT);
        Result other = layout.apply(directory.path(), StripeLayout.defaults());
        assertThat(other.outcome()).isEqualTo(Outcome.SET);
        assertThat(other.reason()).contains("before: stripe count 1", "pool flash");
    }

    @Test
    void aRefusalNamesTheErrorAndWhatIsThere() throws Exception {
        Result result = refusing(Errno.EACCES).apply(directory.path(), WANTED);
        assertThat(result.outcome()).isEqualTo(Outcome.FAILED);
        assertThat(result.found()).isEqualTo(Optional.empty());
        assertThat(result.reason()).contains("EACCES", "enable_setstripe_gid", "no layout of its own");
        assertThat(refusing(Errno.EINVAL).apply(directory.path(), WANTED).reason())
                .contains("EINVAL", "pool");
    }

    private static DirectoryLayout refusing(Errno errno) {
        return new DirectoryLayout(new LustreCalls(Libc.INSTANCE) {
            @Override
            public int ioctl(int fd, long request, MemorySegment argument) {
                return request == Ioctl.LL_IOC_LOV_SETSTRIPE ? -errno.number() : super.ioctl(fd, request, argument);
            }
        });
    }

    @Test
    void anotherLayoutThanTheWantedOneIsAFailure() throws Exception {
        DirectoryLayout composite = new DirectoryLayout(new LustreCalls(Libc.INSTANCE) {
            @Override
            public int ioctl(int fd, long request, MemorySegment argument) {
                if (request == Ioctl.LL_IOC_LOV_GETSTRIPE) {
                    argument.set(ValueLayout.JAVA_INT, 0, LovUserMd.MAGIC_COMPOSITE);
                }
                return 0;
            }
        });
        Result result = composite.apply(directory.path(), WANTED);
        assertThat(result.outcome()).isEqualTo(Outcome.FAILED);
        assertThat(result.reason()).contains("was set and is not there", "composite");
    }

    @Test
    void aFaultOfAnyCallIsAFailureAndLeavesNothingOpen() throws Exception {
        for (int call = 0; call < 6; call++) {
            int failing = call;
            DirectoryLayout faulty = new DirectoryLayout(new FaultyCalls(
                    new LustreCalls(Libc.INSTANCE), (index, _, _) -> index == failing ? FaultyCalls.Fault.EIO : null));
            if (call == 3) {
                assertThat(faulty.apply(directory.path(), WANTED).outcome()).isEqualTo(Outcome.FAILED);
            } else {
                assertThatThrownBy(() -> faulty.apply(directory.path(), WANTED))
                        .as("call %d", call)
                        .isInstanceOf(IoFailure.class);
            }
        }
    }
}
