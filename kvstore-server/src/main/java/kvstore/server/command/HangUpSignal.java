package kvstore.server.command;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SIGHUP, which asks a daemon to read its configuration again.
 *
 * <p>Java has no other way to hear of a signal than {@code sun.misc.Signal}, and its compiler no way to name that class
 * without a warning; so it is found by name, and where a runtime lacks it, SIGHUP does what it did before.
 */
final class HangUpSignal {
    private static final Logger log = LoggerFactory.getLogger(HangUpSignal.class);

    private HangUpSignal() {}

    /** Calls {@code action} at each SIGHUP, on a thread of its own, never two at once. */
    static void install(Runnable action) {
        Object lock = new Object();
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object calls = Proxy.newProxyInstance(
                    HangUpSignal.class.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            synchronized (lock) {
                                action.run();
                            }
                        }
                        return null;
                    });
            Object before = signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), calls);
            if (handler.getField("SIG_IGN").get(null).equals(before)) {
                // Java leaves a signal ignored that was ignored when it started.
                log.info("SIGHUP is ignored, as under nohup; it reloads nothing");
            }
        } catch (InvocationTargetException e) {
            log.atWarn().setCause(e.getCause()).log("SIGHUP is taken, as by java -Xrs; it reloads nothing");
        } catch (ReflectiveOperationException e) {
            log.atWarn().addKeyValue("reason", e.toString()).log("this Java has no signals; SIGHUP reloads nothing");
        }
    }
}
