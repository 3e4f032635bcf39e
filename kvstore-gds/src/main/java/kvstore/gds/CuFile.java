package kvstore.gds;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import kvstore.gds.Availability.Available;
import kvstore.gds.Availability.Unavailable;
import org.jspecify.annotations.Nullable;

/**
 * libcufile, and the only class that calls it. Works with every release since 1.8, the first that tells its version.
 *
 * <p>A thread that moves bytes must have the context of the memory's GPU current, see {@link Cuda}. Nothing here retries,
 * throws for what the library refuses, or orders anything with a stream of the GPU: bytes are in place when
 * {@link #read} returns, and must be in place before {@link #write} is called.
 */
final class CuFile {
    /** The names of parameters of type string, {@code CUFileStringConfigParameter_t}. */
    static final int PARAMETER_LOG_DIRECTORY = 2;

    /** The parameter of type bool that lets the library go through host memory where it must. */
    static final int PARAMETER_ALLOW_COMPATIBILITY = 1;

    /** The statistics that say which way the bytes of each GPU went. */
    static final int STATISTICS_PER_GPU = 3;

    private static final String NAME = "libcufile.so.0";
    private static final List<String> DIRECTORIES = List.of(
            "/usr/local/cuda/lib64",
            "/usr/local/cuda/targets/x86_64-linux/lib",
            "/usr/local/cuda/targets/sbsa-linux/lib",
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/usr/lib64");
    private static final List<CuFileFunction> NEEDED = List.of(
            CuFileFunction.DRIVER_OPEN,
            CuFileFunction.DRIVER_CLOSE,
            CuFileFunction.HANDLE_REGISTER,
            CuFileFunction.HANDLE_DEREGISTER,
            CuFileFunction.BUF_REGISTER,
            CuFileFunction.BUF_DEREGISTER,
            CuFileFunction.READ,
            CuFileFunction.WRITE,
            CuFileFunction.GET_PROPERTIES,
            CuFileFunction.GET_VERSION);

    private static final int HANDLE_TYPE_DESCRIPTOR = 1;

    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURED.varHandle(PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> CAPTURE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURED));

    private final String place;
    private final Map<CuFileFunction, MethodHandle> functions;
    private final MethodHandle read;
    private final MethodHandle write;
    private final int version;

    private CuFile(String place, Map<CuFileFunction, MethodHandle> functions) {
        this.place = place;
        this.functions = functions;
        this.read = Objects.requireNonNull(functions.get(CuFileFunction.READ));
        this.write = Objects.requireNonNull(functions.get(CuFileFunction.WRITE));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            CuFileStatus status = call(CuFileFunction.GET_VERSION, out);
            this.version = status.isSuccess() ? out.get(JAVA_INT, 0) : 0;
        }
    }

    /**
     * Opens the library. Nothing of the GPU is touched yet.
     *
     * @param configured its path, or an empty string for the usual places
     */
    static Availability<CuFile> load(String configured) {
        return switch (NativeLibrary.find(NAME, configured, DIRECTORIES)) {
            case Unavailable<NativeLibrary>(String reason) -> new Unavailable<>(reason);
            case Available<NativeLibrary>(NativeLibrary library) -> bind(library);
        };
    }

    private static Availability<CuFile> bind(NativeLibrary library) {
        Map<CuFileFunction, MethodHandle> found = new EnumMap<>(CuFileFunction.class);
        for (CuFileFunction function : CuFileFunction.values()) {
            Linker.Option[] options = function == CuFileFunction.READ || function == CuFileFunction.WRITE
                    ? new Linker.Option[] {Linker.Option.captureCallState("errno")}
                    : new Linker.Option[0];
            library.function(function.symbol(), function.descriptor(), options)
                    .ifPresent(handle -> found.put(function, handle));
        }
        for (CuFileFunction function : NEEDED) {
            if (!found.containsKey(function)) {
                return new Unavailable<>("%s is too old: it has no %s; the one of CUDA 12.3 (cuFile 1.8) or newer has"
                        .formatted(library.place(), function.symbol()));
            }
        }
        return new Available<>(new CuFile(library.place(), found));
    }

    /** As the library counts: 1150 for 1.15. */
    int version() {
        return version;
    }

    String describeVersion() {
        return "cuFile " + version / 1000 + "." + version % 1000 / 10 + " (" + place + ")";
    }

    boolean has(CuFileFunction function) {
        return functions.containsKey(function);
    }

    /** Opens the library's driver, once per process: it probes the machine's topology, which takes up to seconds. */
    CuFileStatus driverOpen() {
        return call(CuFileFunction.DRIVER_OPEN);
    }

    CuFileStatus driverClose() {
        return call(has(CuFileFunction.DRIVER_CLOSE_V2) ? CuFileFunction.DRIVER_CLOSE_V2 : CuFileFunction.DRIVER_CLOSE);
    }

    /**
     * Registers an open file. At most once per descriptor, which stays open until {@link #handleDeregister}.
     *
     * @param handle {@code ADDRESS} in size; holds the handle on success
     */
    CuFileStatus handleRegister(int descriptor, MemorySegment handle) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment description = arena.allocate(CuFileLayouts.DESCRIPTION);
            description.set(JAVA_INT, offsetOf(CuFileLayouts.DESCRIPTION, "type"), HANDLE_TYPE_DESCRIPTOR);
            description.set(JAVA_INT, offsetOf(CuFileLayouts.DESCRIPTION, "fd"), descriptor);
            MemorySegment out = arena.allocate(ADDRESS);
            CuFileStatus status = call(CuFileFunction.HANDLE_REGISTER, out, description);
            handle.set(ADDRESS, 0, out.get(ADDRESS, 0));
            return status;
        }
    }

    /** Nothing may be under way with the handle. */
    void handleDeregister(MemorySegment handle) {
        invoke(CuFileFunction.HANDLE_DEREGISTER, List.of(handle));
    }

    /** Pins GPU memory for the library. It takes milliseconds, so it is done once, not for each request. */
    CuFileStatus bufRegister(long address, long sizeBytes) {
        return call(CuFileFunction.BUF_REGISTER, address, sizeBytes, 0);
    }

    /** Must come before the memory is freed: the kernel's side can lock up otherwise. */
    CuFileStatus bufDeregister(long address) {
        return call(CuFileFunction.BUF_DEREGISTER, address);
    }

    /**
     * Reads from a file into GPU memory.
     *
     * @param base start of the registered allocation: a pointer inside it is not recognised, and bounces silently
     * @param bufferOffset where in it the bytes go
     * @return bytes moved, fewer than {@code sizeBytes} at the end of the file; {@code -errno}, down to -4095; or minus a
     *     status, from -5001 on
     */
    long read(MemorySegment handle, long base, long sizeBytes, long fileOffset, long bufferOffset) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result((long) read.invokeExact(capture, handle, base, sizeBytes, fileOffset, bufferOffset), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /** Writes from GPU memory to a file; as {@link #read}. */
    long write(MemorySegment handle, long base, long sizeBytes, long fileOffset, long bufferOffset) {
        MemorySegment capture = CAPTURE.get();
        try {
            return result(
                    (long) write.invokeExact(capture, handle, base, sizeBytes, fileOffset, bufferOffset), capture);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /** Fills a {@link CuFileLayouts#PROPERTIES}. */
    CuFileStatus properties(MemorySegment out) {
        return call(CuFileFunction.GET_PROPERTIES, out);
    }

    /** Before {@link #driverOpen}, else it is refused. */
    CuFileStatus logInto(Path directory) {
        try (Arena arena = Arena.ofConfined()) {
            return call(
                    CuFileFunction.SET_PARAMETER_STRING,
                    PARAMETER_LOG_DIRECTORY,
                    arena.allocateFrom(directory.toString()));
        }
    }

    /**
     * Any function that returns a status, with its C arguments.
     *
     * @return what it returned, or {@link CuFileStatus#NOT_IN_THIS_RELEASE}
     */
    CuFileStatus call(CuFileFunction function, Object... arguments) {
        if (!function.returnsStatus()) {
            throw new IllegalArgumentException(function + " returns no status");
        }
        if (!has(function)) {
            return CuFileStatus.NOT_IN_THIS_RELEASE;
        }
        try (Arena arena = Arena.ofConfined()) {
            List<Object> all = new ArrayList<>(arguments.length + 1);
            all.add((SegmentAllocator) arena);
            all.addAll(List.of(arguments));
            MemorySegment error = (MemorySegment) Objects.requireNonNull(invoke(function, all));
            return new CuFileStatus(
                    error.get(JAVA_INT, offsetOf(CuFileLayouts.ERROR, "err")),
                    error.get(JAVA_INT, offsetOf(CuFileLayouts.ERROR, "cu_err")));
        }
    }

    static long offsetOf(StructLayout layout, String field) {
        return layout.byteOffset(PathElement.groupElement(field));
    }

    private @Nullable Object invoke(CuFileFunction function, List<Object> arguments) {
        try {
            return Objects.requireNonNull(functions.get(function)).invokeWithArguments(arguments);
        } catch (Throwable thrown) {
            throw impossible(thrown);
        }
    }

    /** Makes -1 what errno says, so that it cannot be taken for a status. */
    private static long result(long returned, MemorySegment capture) {
        return returned == -1 ? -(int) ERRNO.get(capture, 0L) : returned;
    }

    /** What a downcall throws is a caller's mistake, such as memory that was freed before; nothing is checked. */
    static AssertionError impossible(Throwable thrown) {
        if (thrown instanceof RuntimeException mistake) {
            throw mistake;
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        return new AssertionError("a native call has no checked exceptions", thrown);
    }
}
