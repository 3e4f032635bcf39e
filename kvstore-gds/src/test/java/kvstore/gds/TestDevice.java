package kvstore.gds;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import kvstore.api.Buffer;
import kvstore.api.DeviceBuffer;
import kvstore.testkit.IoEngineContract.Memory;

/** GPU memory of a test, apart from any engine: what another library of the process, or a client, would have. */
final class TestDevice implements AutoCloseable {
    private final Cuda cuda;
    private final int device;
    private final long context;
    private final long stream;
    private final List<Long> allocations = new ArrayList<>();
    private boolean closed;

    TestDevice(Cuda cuda) {
        this.cuda = cuda;
        try {
            device = cuda.device(0);
            context = cuda.retainPrimaryContext(device);
            cuda.makeCurrent(context);
            stream = cuda.createStream();
        } catch (CudaException e) {
            throw new AssertionError(e);
        }
    }

    /** Makes the context current for what a test asks of the driver itself. */
    Cuda current() {
        try {
            cuda.makeCurrent(context);
            return cuda;
        } catch (CudaException e) {
            throw new AssertionError(e);
        }
    }

    DeviceMemory allocate(long sizeBytes, boolean direct) {
        try {
            long address = current().allocate(Math.max(sizeBytes, 1));
            allocations.add(address);
            return new DeviceMemory(new DeviceBuffer(0, address, 0, sizeBytes, direct));
        } catch (CudaException e) {
            throw new AssertionError(e);
        }
    }

    byte[] ipcHandle(DeviceMemory memory) {
        try {
            return current().ipcHandle(memory.buffer().allocation());
        } catch (CudaException e) {
            throw new AssertionError(e);
        }
    }

    /** Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            for (long address : allocations) {
                current().free(address);
            }
            current().destroyStream(stream);
            cuda.makeCurrent(0);
            cuda.releasePrimaryContext(device);
        } catch (CudaException e) {
            throw new AssertionError(e);
        }
    }

    /** A buffer in it, filled and looked at through copies of its own. */
    final class DeviceMemory implements Memory {
        private final DeviceBuffer buffer;

        DeviceMemory(DeviceBuffer buffer) {
            this.buffer = buffer;
        }

        @Override
        public DeviceBuffer buffer() {
            return buffer;
        }

        @Override
        public Buffer slice(long offset, long sizeBytes) {
            return new DeviceBuffer(
                    buffer.gpu(), buffer.allocation(), buffer.offset() + offset, sizeBytes, buffer.direct());
        }

        @Override
        public MemorySegment bytes() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment copy = arena.allocate(buffer.sizeBytes());
                current().copyToHost(copy, buffer.address(), stream);
                cuda.synchronize(stream);
                return MemorySegment.ofArray(copy.toArray(JAVA_BYTE));
            } catch (CudaException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void fill(byte[] bytes) {
            try (Arena arena = Arena.ofConfined()) {
                current().copyToDevice(buffer.address(), arena.allocateFrom(JAVA_BYTE, bytes), stream);
                cuda.synchronize(stream);
            } catch (CudaException e) {
                throw new AssertionError(e);
            }
        }
    }
}
