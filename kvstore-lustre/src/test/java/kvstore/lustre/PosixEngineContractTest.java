package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.api.Blocks;
import kvstore.api.IoEngine;
import kvstore.api.IoFailure;
import kvstore.api.IoPath;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.testkit.IoEngineContract;
import kvstore.testkit.TestDirectory;
import org.junit.jupiter.api.Nested;

/** The contract, kept by {@link PosixEngine} on each way to the file system. */
final class PosixEngineContractTest {
    private static final EngineConfig DIRECT = new EngineConfig(4, 2, DirectMode.AUTO);

    /** Past the page cache, with the strictness of Lustre, on the file system of the build directory. */
    @Nested
    final class Direct extends IoEngineContract {
        @Override
        protected Path parent() {
            return TestDirectory.BUILD;
        }

        @Override
        protected IoEngine openEngine(Path directory) throws IoFailure {
            IoEngine engine = PosixEngine.open(DIRECT, directory, new StrictCalls(Libc.INSTANCE));
            assumeThat(engine.path()).as(engine.reason()).isEqualTo(IoPath.ODIRECT);
            return engine;
        }
    }

    /** Through the page cache. */
    @Nested
    final class Buffered extends IoEngineContract {
        @Override
        protected Path parent() {
            return TestDirectory.BUILD;
        }

        @Override
        protected IoEngine openEngine(Path directory) throws IoFailure {
            IoEngine engine =
                    PosixEngine.open(new EngineConfig(4, 2, DirectMode.OFF), directory, new StrictCalls(Libc.INSTANCE));
            assertThat(engine.path()).isEqualTo(IoPath.BUFFERED);
            return engine;
        }
    }

    /** Memory that looks like a file system. */
    @Nested
    final class Tmpfs extends IoEngineContract {
        @Override
        protected Path parent() {
            Path sharedMemory = Path.of("/dev/shm");
            assumeThat(Files.isWritable(sharedMemory)).isTrue();
            return sharedMemory;
        }

        @Override
        protected IoEngine openEngine(Path directory) throws IoFailure {
            return PosixEngine.open(EngineConfig.defaults(), directory, new StrictCalls(Libc.INSTANCE));
        }
    }

    /** The decorator of the fault tests, when it injects nothing. */
    @Nested
    final class Faultless extends IoEngineContract {
        @Override
        protected Path parent() {
            return TestDirectory.BUILD;
        }

        @Override
        protected IoEngine openEngine(Path directory) throws IoFailure {
            return PosixEngine.open(
                    DIRECT, directory, new StrictCalls(new FaultyCalls(Libc.INSTANCE, (_, _, _) -> null)));
        }
    }

    /**
     * Every transfer of more than a block ends half way, often inside a block: the engine goes on at a boundary, or
     * Lustre would refuse.
     */
    @Nested
    final class AlwaysShort extends IoEngineContract {
        @Override
        protected Path parent() {
            return TestDirectory.BUILD;
        }

        @Override
        protected IoEngine openEngine(Path directory) throws IoFailure {
            PosixCalls shortly = new FaultyCalls(
                    Libc.INSTANCE, (_, _, bytes) -> bytes > Blocks.BLOCK_BYTES ? FaultyCalls.Fault.SHORT : null);
            return PosixEngine.open(DIRECT, directory, new StrictCalls(shortly));
        }
    }
}
