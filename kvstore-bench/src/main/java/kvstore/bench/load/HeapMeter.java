package kvstore.bench.load;

import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.OptionalLong;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * Asks another Java process of the same user how much its threads have allocated on the heap.
 *
 * <p>Garbage collectors count too, but only when they collect, which a small test does not make them do.
 */
final class HeapMeter implements AutoCloseable {
    private final Optional<JMXConnector> connector;

    private HeapMeter(Optional<JMXConnector> connector) {
        this.connector = connector;
    }

    /** A meter for a process; one that knows nothing if the process does not let itself be asked. */
    @SuppressWarnings("BanJNDI") // the address is that of a process of ours, on this machine
    static HeapMeter attach(long pid) {
        try {
            VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
            try {
                return new HeapMeter(Optional.of(
                        JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()))));
            } finally {
                machine.detach();
            }
        } catch (IOException | AttachNotSupportedException _) {
            return new HeapMeter(Optional.empty());
        }
    }

    /** All bytes that all threads, ended ones too, have allocated since the start. */
    OptionalLong allocatedBytes() {
        if (connector.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            MBeanServerConnection server = connector.get().getMBeanServerConnection();
            ThreadMXBean threads = ManagementFactory.newPlatformMXBeanProxy(
                    server, ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class);
            return OptionalLong.of(threads.getTotalThreadAllocatedBytes());
        } catch (IOException _) {
            return OptionalLong.empty();
        }
    }

    @Override
    public void close() {
        if (connector.isPresent()) {
            try {
                connector.get().close();
            } catch (IOException _) {
                // the process is about to end anyway
            }
        }
    }
}
