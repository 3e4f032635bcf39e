package kvstore.server.service;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Whether threads that must never stand still make progress: each is given an empty task at every beat, and has to have run
 * it by the next one. Used by one thread.
 */
final class Heartbeat {
    private static final int IDLE = 0;
    private static final int ASKED = 1;

    private final List<String> names;
    private final List<Executor> threads;
    private final AtomicIntegerArray states;

    /** @param threads by name, each of which runs one task at a time */
    Heartbeat(Map<String, Executor> threads) {
        this.names = List.copyOf(threads.keySet());
        this.threads = names.stream().map(threads::get).toList();
        this.states = new AtomicIntegerArray(names.size());
    }

    /** One beat; returns who has not answered the one before. */
    List<String> beat() {
        List<String> silent = new ArrayList<>();
        for (int i = 0; i < threads.size(); i++) {
            if (states.get(i) == ASKED) {
                silent.add(names.get(i));
            } else {
                ask(i);
            }
        }
        return silent;
    }

    private void ask(int thread) {
        states.set(thread, ASKED);
        try {
            threads.get(thread).execute(() -> states.set(thread, IDLE));
        } catch (RejectedExecutionException _) {
            // it was shut down, and stands still from now on
        }
    }
}
