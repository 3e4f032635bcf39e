package kvstore.bench;

import java.util.ArrayDeque;
import java.util.Deque;
import kvstore.client.cli.CommandFailure;
import kvstore.client.cli.ExitCode;

/**
 * What must not outlive the command: child processes and directories. Closed last first, at the end of the command or
 * when Ctrl-C or SIGTERM ends it. Thread-safe.
 */
public final class CleanUp implements AutoCloseable {
    private final Deque<Undo> undos = new ArrayDeque<>();
    private final Thread hook = Thread.ofPlatform().name("clean-up").unstarted(this::undoAll);
    private boolean closed;

    /** Takes something back; what it cannot, it leaves, and says so itself. */
    @FunctionalInterface
    public interface Undo {
        void run();
    }

    public CleanUp() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Promises to undo something.
     *
     * @throws CommandFailure if the command was interrupted; it is undone already
     */
    public void add(Undo undo) {
        synchronized (this) {
            if (!closed) {
                undos.push(undo);
                return;
            }
        }
        undo.run();
        throw new CommandFailure(ExitCode.FAILED, "interrupted");
    }

    /** Whether everything was undone, so that failures after it mean nothing. */
    public synchronized boolean isClosed() {
        return closed;
    }

    /** Breaks all promises: nothing will be undone. */
    public synchronized void forget() {
        undos.clear();
    }

    /** Undoes everything. Idempotent; the second caller waits for the first. */
    @Override
    public void close() {
        undoAll();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // the machine is going down: the hook has run, or finds nothing left to do
        }
    }

    private synchronized void undoAll() {
        closed = true;
        while (!undos.isEmpty()) {
            undos.pop().run();
        }
    }
}
