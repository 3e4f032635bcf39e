package kvstore.gds;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import kvstore.gds.Availability.Available;
import kvstore.gds.Availability.Unavailable;

/**
 * The CUDA driver, and the only class that calls it.
 *
 * <p>A context is current on a thread of the operating system, so everything that needs one runs on platform threads that
 * made it current ({@link #makeCurrent}), never on a virtual thread. Copies are asynchronous: neither side may be touched
 * before {@link #synchronize} of their stream.
 */
final class Cuda {
    /** {@code CUipcMemHandle}: 64 opaque bytes, handed over by value. */
    static final StructLayout IPC_HANDLE =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(64, JAVA_BYTE).withName("reserved"));

    static final int IPC_HANDLE_BYTES = 64;

    private static final String NAME = "libcuda.so.1";
    private static final List<String> DIRECTORIES = List.of();

    private static final int HOST_REGISTER_PORTABLE = 1;
    private static final int IPC_LAZY_ENABLE_PEER_ACCESS = 1;
    private static final int STREAM_NON_BLOCKING = 1;
    private static final int DEVICE_NAME_BYTES = 256;
    private static final int ERROR_NAME_BYTES_MAX = 128;

    private final Map<CudaFunction, MethodHandle> functions;
    private final int driverVersion;

    private Cuda(Map<CudaFunction, MethodHandle> functions) throws CudaException {
        this.functions = functions;
        call(CudaFunction.INIT, 0);
        this.driverVersion = getInt(CudaFunction.DRIVER_GET_VERSION);
    }

    /**
     * Opens the library and asks it for devices.
     *
     * @param configured its path, or an empty string for the usual places
     */
    static Availability<Cuda> load(String configured) {
        return switch (NativeLibrary.find(NAME, configured, DIRECTORIES)) {
            case Unavailable<NativeLibrary>(String reason) -> new Unavailable<>(reason);
            case Available<NativeLibrary>(NativeLibrary library) -> bind(library);
        };
    }

    private static Availability<Cuda> bind(NativeLibrary library) {
        Map<CudaFunction, MethodHandle> found = new EnumMap<>(CudaFunction.class);
        for (CudaFunction function : CudaFunction.values()) {
            MethodHandle handle =
                    library.function(function.symbol(), function.descriptor()).orElse(null);
            if (handle == null) {
                return new Unavailable<>("%s is too old: it has no %s; the driver of CUDA 12 or newer has"
                        .formatted(library.place(), function.symbol()));
            }
            found.put(function, handle.asSpreader(Object[].class, handle.type().parameterCount()));
        }
        try {
            Cuda cuda = new Cuda(found);
            int count = cuda.deviceCount();
            return count > 0
                    ? new Available<>(cuda)
                    : new Unavailable<>("the CUDA driver (" + library.place() + ") sees no GPU");
        } catch (CudaException e) {
            String cure = e.code() == CudaException.NO_DEVICE ? "; is a GPU visible to this process?" : "";
            return new Unavailable<>(
                    "the CUDA driver (" + library.place() + ") does not start: " + e.getMessage() + cure);
        }
    }

    /** As the driver counts: 13000 for CUDA 13.0. */
    int driverVersion() {
        return driverVersion;
    }

    int deviceCount() throws CudaException {
        return getInt(CudaFunction.DEVICE_GET_COUNT);
    }

    /** The driver's handle of a device; {@code ordinal} counts the visible ones from 0. */
    int device(int ordinal) throws CudaException {
        return getInt(CudaFunction.DEVICE_GET, ordinal);
    }

    String deviceName(int device) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(DEVICE_NAME_BYTES);
            call(CudaFunction.DEVICE_GET_NAME, out, DEVICE_NAME_BYTES, device);
            return out.getString(0);
        }
    }

    /** What names a GPU in every process, whatever part of the GPUs each sees and in whatever order. */
    UUID deviceUuid(int device) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(16);
            call(CudaFunction.DEVICE_GET_UUID, out, device);
            ByteBuffer bytes = out.asByteBuffer(); // big-endian, as a UUID is written
            return new UUID(bytes.getLong(), bytes.getLong());
        }
    }

    /** Retains the context that all libraries of this process share for a device. */
    long retainPrimaryContext(int device) throws CudaException {
        return getLong(CudaFunction.PRIMARY_CTX_RETAIN, device);
    }

    void releasePrimaryContext(int device) throws CudaException {
        call(CudaFunction.PRIMARY_CTX_RELEASE, device);
    }

    /** For the calling thread, until another is made current; 0 for none. */
    void makeCurrent(long context) throws CudaException {
        call(CudaFunction.CTX_SET_CURRENT, context);
    }

    /** Free memory of the current context's device, in bytes. */
    long freeBytes() throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG, 2);
            call(CudaFunction.MEM_GET_INFO, out, out.asSlice(8));
            return out.get(JAVA_LONG, 0);
        }
    }

    /** Memory of the current context's device, aligned to 256 bytes at least. */
    long allocate(long sizeBytes) throws CudaException {
        return getLong(CudaFunction.MEM_ALLOC, sizeBytes);
    }

    void free(long address) throws CudaException {
        call(CudaFunction.MEM_FREE, address);
    }

    /** An allocation that an address lies in. */
    record Range(long base, long sizeBytes) {}

    Range rangeOf(long address) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG, 2);
            call(CudaFunction.MEM_GET_ADDRESS_RANGE, out, out.asSlice(8), address);
            return new Range(out.get(JAVA_LONG, 0), out.get(JAVA_LONG, 8));
        }
    }

    /** Pins host memory, so that copies from and to it need no stage of the driver's own. */
    void pin(MemorySegment memory) throws CudaException {
        call(CudaFunction.MEM_HOST_REGISTER, memory, memory.byteSize(), HOST_REGISTER_PORTABLE);
    }

    void unpin(MemorySegment memory) throws CudaException {
        call(CudaFunction.MEM_HOST_UNREGISTER, memory);
    }

    /** All of {@code source} to the device. */
    void copyToDevice(long destination, MemorySegment source, long stream) throws CudaException {
        call(CudaFunction.MEMCPY_HOST_TO_DEVICE, destination, source, source.byteSize(), stream);
    }

    /** As many bytes as {@code destination} has. */
    void copyToHost(MemorySegment destination, long source, long stream) throws CudaException {
        call(CudaFunction.MEMCPY_DEVICE_TO_HOST, destination, source, destination.byteSize(), stream);
    }

    void copyOnDevice(long destination, long source, long sizeBytes, long stream) throws CudaException {
        call(CudaFunction.MEMCPY_DEVICE_TO_DEVICE, destination, source, sizeBytes, stream);
    }

    void fill(long destination, byte value, long sizeBytes, long stream) throws CudaException {
        call(CudaFunction.MEMSET, destination, value, sizeBytes, stream);
    }

    /** The handle by which another process opens the allocation at {@code base}. */
    byte[] ipcHandle(long base) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(IPC_HANDLE);
            call(CudaFunction.IPC_GET_MEM_HANDLE, out, base);
            return out.toArray(JAVA_BYTE);
        }
    }

    /**
     * Maps another process's allocation, all of it, on the current context's device.
     *
     * @return the address of its first byte here
     */
    long ipcOpen(byte[] handle) throws CudaException {
        if (handle.length != IPC_HANDLE_BYTES) {
            throw new IllegalArgumentException("an IPC handle has 64 bytes, not " + handle.length);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(IPC_HANDLE);
            MemorySegment.copy(handle, 0, copy, JAVA_BYTE, 0, handle.length);
            return getLong(CudaFunction.IPC_OPEN_MEM_HANDLE, copy, IPC_LAZY_ENABLE_PEER_ACCESS);
        }
    }

    /** Until this is called the memory stays taken, also after its own process has died. */
    void ipcClose(long address) throws CudaException {
        call(CudaFunction.IPC_CLOSE_MEM_HANDLE, address);
    }

    /** A stream that does not wait for the default one. */
    long createStream() throws CudaException {
        return getLong(CudaFunction.STREAM_CREATE, STREAM_NON_BLOCKING);
    }

    void synchronize(long stream) throws CudaException {
        call(CudaFunction.STREAM_SYNCHRONIZE, stream);
    }

    void destroyStream(long stream) throws CudaException {
        call(CudaFunction.STREAM_DESTROY, stream);
    }

    long createEvent() throws CudaException {
        return getLong(CudaFunction.EVENT_CREATE, 0);
    }

    void record(long event, long stream) throws CudaException {
        call(CudaFunction.EVENT_RECORD, event, stream);
    }

    /** Time between two recorded and reached events, in milliseconds. */
    float elapsedMillis(long start, long end) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_FLOAT);
            call(CudaFunction.EVENT_ELAPSED_TIME, out, start, end);
            return out.get(JAVA_FLOAT, 0);
        }
    }

    void destroyEvent(long event) throws CudaException {
        call(CudaFunction.EVENT_DESTROY, event);
    }

    /** Compiles PTX for the current context's device. */
    long loadModule(String ptx) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            return getLong(CudaFunction.MODULE_LOAD_DATA, arena.allocateFrom(ptx));
        }
    }

    void unloadModule(long module) throws CudaException {
        call(CudaFunction.MODULE_UNLOAD, module);
    }

    long function(long module, String name) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            return getLong(CudaFunction.MODULE_GET_FUNCTION, module, arena.allocateFrom(name));
        }
    }

    /**
     * Starts a kernel over one dimension.
     *
     * @param arguments {@code Long} or {@code Integer}, as the kernel declares them
     */
    void launch(long function, int blocks, int threads, long stream, Object... arguments) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointers = arena.allocate(ADDRESS, arguments.length);
            for (int i = 0; i < arguments.length; i++) {
                MemorySegment value = switch (arguments[i]) {
                    case Long number -> arena.allocateFrom(JAVA_LONG, number);
                    case Integer number -> arena.allocateFrom(JAVA_INT, number);
                    default -> throw new IllegalArgumentException("no argument of a kernel: " + arguments[i]);
                };
                pointers.setAtIndex(ADDRESS, i, value);
            }
            call(
                    CudaFunction.LAUNCH_KERNEL,
                    function,
                    blocks,
                    1,
                    1,
                    threads,
                    1,
                    1,
                    0,
                    stream,
                    pointers,
                    MemorySegment.NULL);
        }
    }

    /** Any function with its C arguments. */
    void call(CudaFunction function, Object... arguments) throws CudaException {
        int code = invoke(function, arguments);
        if (code != 0) {
            throw new CudaException(code, function.symbol() + ": " + nameOf(code));
        }
    }

    private int invoke(CudaFunction function, Object... arguments) {
        try {
            return (int) Objects.requireNonNull(functions.get(function)).invoke(arguments);
        } catch (Throwable thrown) {
            throw CuFile.impossible(thrown);
        }
    }

    @SuppressWarnings("restricted") // a static string of the driver, and a bound on its length
    private String nameOf(int code) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            if (invoke(CudaFunction.GET_ERROR_NAME, code, out) != 0) {
                return "CUDA error " + code;
            }
            String name = out.get(ADDRESS, 0).reinterpret(ERROR_NAME_BYTES_MAX).getString(0);
            return name + " (" + code + ")";
        }
    }

    private int getInt(CudaFunction function, Object... arguments) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            call(function, withOut(out, arguments));
            return out.get(JAVA_INT, 0);
        }
    }

    private long getLong(CudaFunction function, Object... arguments) throws CudaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            call(function, withOut(out, arguments));
            return out.get(JAVA_LONG, 0);
        }
    }

    private static Object[] withOut(MemorySegment out, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = out;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return all;
    }
}
