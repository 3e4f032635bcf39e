package kvstore.testkit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The stand-ins for libcuda and libcufile of {@code src/main/c}, built once per run with the compiler of the machine, and
 * the levers that they have beside the real functions.
 */
@SuppressWarnings("restricted") // levers of libraries built here
public class GpuStubs {
    /** Operations of libcufile that can be made to fail. */
    public enum Operation {
        READ(0),
        WRITE(1),
        HANDLE_REGISTER(2),
        BUF_REGISTER(3),
        DRIVER_OPEN(4);

        private final int number;

        Operation(int number) {
            this.number = number;
        }
    }

    /** Moves half of the bytes. */
    public static final long SHORT = 1;

    /** Does not return until {@link #releaseHanging}. */
    public static final long HANG = 2;

    /** Moves all bytes and changes one. */
    public static final long WRONG_BYTES = 3;

    private static final int HANDLE_BYTES = 64;
    private static final Path DIRECTORY = Path.of("target", "stubs").toAbsolutePath();
    private static final Path ROOT = Path.of("").toAbsolutePath().resolveSibling("");
    private static final Path SOURCES = ROOT.resolve("kvstore-testkit/src/main/c");
    private static final Path KERNELS = ROOT.resolve("kvstore-gds/src/main/cuda");
    private static final Path CUDA = DIRECTORY.resolve("libcuda.so.1");
    private static final Path CUFILE = DIRECTORY.resolve("libcufile.so.0");

    private final SymbolLookup cuda;
    private final SymbolLookup cuFile;

    /** Built once per run of tests, and faultless from now on. Aborts the test where there is no compiler. */
    public GpuStubs() {
        build();
        cuda = SymbolLookup.libraryLookup(CUDA, Arena.global());
        cuFile = SymbolLookup.libraryLookup(CUFILE, Arena.global());
        call(cuda, "stub_cuda_reset");
        call(cuFile, "stub_cufile_reset");
    }

    /** Path of the stand-in for libcuda. */
    public String cudaPath() {
        return CUDA.toString();
    }

    /** Path of the stand-in for libcufile. */
    public String cuFilePath() {
        return CUFILE.toString();
    }

    /** How many GPUs there are; 1 unless told otherwise. */
    public void devices(int count) {
        call(cuda, "stub_cuda_devices", count);
    }

    /** The next copies fail. */
    public void failCopies(int count) {
        call(cuda, "stub_cuda_fail_copies", count);
    }

    /** Contexts, memory, streams and so on that were taken and not given back. */
    public long heldOfCuda() {
        return get(cuda, "stub_cuda_held");
    }

    /** The release that libcufile says it is. */
    public void version(int version) {
        call(cuFile, "stub_cufile_version", version);
    }

    /** Lets the library say that nvidia-fs moved the bytes. */
    public void nvidiaFs(int majorVersion) {
        call(cuFile, "stub_cufile_nvfs", majorVersion);
    }

    /**
     * Makes the next calls fail.
     *
     * @param value {@link #SHORT}, {@link #HANG}, {@link #WRONG_BYTES}, {@code -errno}, or minus a status
     */
    public void fail(Operation operation, long value, long count) {
        try {
            Linker.nativeLinker()
                    .downcallHandle(
                            cuFile.findOrThrow("stub_cufile_fail"),
                            FunctionDescriptor.ofVoid(JAVA_INT, JAVA_LONG, JAVA_LONG))
                    .invokeExact(operation.number, value, count);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Lets those go on that hang, and none hang any more. */
    public void releaseHanging() {
        call(cuFile, "stub_cufile_release");
    }

    /** Calls that hang now. */
    public long hanging() {
        return get(cuFile, "stub_cufile_hanging");
    }

    /** How often it was called. */
    public long calls(Operation operation) {
        try {
            return (long) Linker.nativeLinker()
                    .downcallHandle(cuFile.findOrThrow("stub_cufile_calls"), FunctionDescriptor.of(JAVA_LONG, JAVA_INT))
                    .invokeExact(operation.number);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Uses of a handle after its end or before that of its requests, and requests without a context. */
    public long misuse() {
        return get(cuFile, "stub_cufile_misuse");
    }

    /** Requests whose base was not that of a registered buffer. */
    public long unregistered() {
        return get(cuFile, "stub_cufile_unregistered");
    }

    /** Handles, buffers and opened drivers that were not given back. */
    public long heldOfCuFile() {
        return get(cuFile, "stub_cufile_held");
    }

    /** GPU memory of another process, as far as an engine can tell; not given back. */
    public static final class ClientMemory {
        private final byte[] handle;
        private final MemorySegment memory;

        private ClientMemory(byte[] handle, MemorySegment memory) {
            this.handle = handle;
            this.memory = memory;
        }

        /** What the other process would hand over: 64 bytes. */
        public byte[] handle() {
            return handle.clone();
        }

        /** The bytes themselves, which only a stand-in has in reach. */
        public MemorySegment memory() {
            return memory;
        }
    }

    /** An allocation of a client's. */
    public ClientMemory allocate(long sizeBytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(HANDLE_BYTES);
            long address = (long) Linker.nativeLinker()
                    .downcallHandle(
                            cuda.findOrThrow("stub_cuda_client_memory"),
                            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, ADDRESS))
                    .invokeExact(sizeBytes, handle);
            return new ClientMemory(
                    handle.toArray(JAVA_BYTE), MemorySegment.ofAddress(address).reinterpret(sizeBytes));
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static long get(SymbolLookup library, String symbol) {
        try {
            return (long) Linker.nativeLinker()
                    .downcallHandle(library.findOrThrow(symbol), FunctionDescriptor.of(JAVA_LONG))
                    .invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private void call(SymbolLookup library, String symbol) {
        try {
            Linker.nativeLinker()
                    .downcallHandle(library.findOrThrow(symbol), FunctionDescriptor.ofVoid())
                    .invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private void call(SymbolLookup library, String symbol, int argument) {
        try {
            Linker.nativeLinker()
                    .downcallHandle(library.findOrThrow(symbol), FunctionDescriptor.ofVoid(JAVA_INT))
                    .invokeExact(argument);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static synchronized void build() {
        if (Built.DONE) {
            return;
        }
        throw new AssertionError("the stubs were not built");
    }

    /** Builds when it is initialised, so once. */
    private static final class Built {
        static final boolean DONE = all();

        private static boolean all() {
            assumeTrue(
                    Files.isExecutable(Path.of("/usr/bin/g++")) && Files.isExecutable(Path.of("/usr/bin/gcc")),
                    "gcc and g++ build the stand-ins for the GPU's libraries, and are not here");
            try {
                Files.createDirectories(DIRECTORY);
                if (isFresh()) {
                    return true;
                }
                compile(List.of(
                        "g++",
                        "-std=c++20",
                        "-O1",
                        "-shared",
                        "-fPIC",
                        "-pthread",
                        "-Wl,-soname,libcuda.so.1",
                        "-I" + KERNELS,
                        SOURCES.resolve("stub_cuda.cpp").toString(),
                        "-o",
                        CUDA.toString()));
                compile(List.of(
                        "gcc",
                        "-std=c11",
                        "-O1",
                        "-Wall",
                        "-Werror",
                        "-shared",
                        "-fPIC",
                        "-pthread",
                        "-Wl,-soname,libcufile.so.0",
                        SOURCES.resolve("stub_cufile.c").toString(),
                        "-o",
                        CUFILE.toString(),
                        "-L" + DIRECTORY,
                        "-l:libcuda.so.1",
                        "-Wl,-rpath,$ORIGIN"));
                return true;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Not built twice, because another process of the same test may have them open. */
        private static boolean isFresh() throws IOException {
            if (!Files.exists(CUDA) || !Files.exists(CUFILE)) {
                return false;
            }
            long built = Math.min(
                    Files.getLastModifiedTime(CUDA).toMillis(),
                    Files.getLastModifiedTime(CUFILE).toMillis());
            for (Path directory : List.of(SOURCES, KERNELS)) {
                try (Stream<Path> sources = Files.list(directory)) {
                    for (Path source : sources.toList()) {
                        if (Files.getLastModifiedTime(source).toMillis() >= built) {
                            return false;
                        }
                    }
                }
            }
            return true;
        }

        private static void compile(List<String> command) throws IOException {
            Process compiler =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            try {
                if (!compiler.waitFor(60, TimeUnit.SECONDS) || compiler.exitValue() != 0) {
                    throw new AssertionError(command + "\n" + output);
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
