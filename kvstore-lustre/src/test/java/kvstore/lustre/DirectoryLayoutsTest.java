package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import kvstore.api.Blocks;
import kvstore.api.IoFailure;
import kvstore.api.IoFile;
import kvstore.lustre.DirectoryLayout.Outcome;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DirectoryLayoutsTest {
    private final TestDirectory directory = TestDirectory.under(TestDirectory.BUILD);
    private final Lustre lustre = new Lustre();

    /** Counts what is set, and refuses it for as long as it is told to. */
    private static final class Lustre extends LustreCalls {
        private int set;
        private boolean refusing;

        Lustre() {
            super(Libc.INSTANCE);
        }

        @Override
        public int ioctl(int fd, long request, MemorySegment argument) {
            if (request == Ioctl.LL_IOC_LOV_SETSTRIPE) {
                set++;
                if (refusing) {
                    return -Errno.EACCES.number();
                }
            }
            return super.ioctl(fd, request, argument);
        }
    }

    @AfterEach
    void nothingIsLeftOpen() {
        assertThat(directory.openDescriptors()).isEmpty();
        directory.close();
    }

    private PosixEngine engine(PosixCalls calls, Optional<StripeLayout> layout) throws IoFailure {
        return PosixEngine.open(new EngineConfig(1, 1, DirectMode.AUTO, layout), directory.path(), calls);
    }

    private void create(PosixEngine engine, String name) throws IoFailure {
        IoFile file = engine.create(directory.path().resolve(name), Blocks.BLOCK_BYTES);
        file.close();
    }

    @Test
    void aDirectoryHasItsLayoutBeforeItsFirstFileAndIsAskedOnce() throws Exception {
        try (PosixEngine engine = engine(lustre, Optional.of(StripeLayout.defaults()))) {
            assertThat(engine.layout().outcome()).isEqualTo(Outcome.OFF);
            create(engine, "a");
            assertThat(engine.layout().outcome()).isEqualTo(Outcome.SET);
            create(engine, "b");
            engine.prepare(directory.path());
            assertThat(lustre.set).isEqualTo(1);
        }
        try (PosixEngine next = engine(lustre, Optional.of(StripeLayout.defaults()))) {
            assertThat(next.prepare(directory.path()).outcome()).isEqualTo(Outcome.KEPT);
            assertThat(lustre.set).isEqualTo(1);
        }
    }

    @Test
    void aRefusalStopsNoFileAndIsTriedAgainWithTheNextOne() throws Exception {
        lustre.refusing = true;
        try (PosixEngine engine = engine(lustre, Optional.of(StripeLayout.defaults()))) {
            create(engine, "a");
            assertThat(engine.layout().outcome()).isEqualTo(Outcome.FAILED);
            assertThat(engine.layout().reason()).contains("EACCES");
            lustre.refusing = false;
            create(engine, "b");
            assertThat(engine.layout().outcome()).isEqualTo(Outcome.SET);
        }
    }

    @Test
    void aFailureOfOneDirectoryIsWhatIsShown() throws Exception {
        Path other = Files.createDirectory(directory.path().resolve("other"));
        try (PosixEngine engine = engine(lustre, Optional.of(StripeLayout.defaults()))) {
            engine.prepare(directory.path());
            assertThat(engine.prepare(directory.path().resolve("missing")).outcome())
                    .isEqualTo(Outcome.FAILED);
            engine.prepare(other);
            assertThat(engine.layout().reason()).contains("missing", "ENOENT");
        }
    }

    @Test
    void withoutAWishAndElsewhereNothingIsSet() throws Exception {
        try (PosixEngine engine = engine(lustre, Optional.empty())) {
            create(engine, "a");
            assertThat(engine.layout().outcome()).isEqualTo(Outcome.OFF);
        }
        assertThat(lustre.set).isZero();
        try (PosixEngine engine = engine(Libc.INSTANCE, Optional.of(StripeLayout.defaults()))) {
            create(engine, "b");
            assertThat(engine.layout().outcome()).isEqualTo(Outcome.NOT_LUSTRE);
        }
    }
}
