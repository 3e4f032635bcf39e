package kvstore.server;

import java.util.function.Consumer;

/**
 * One thing that a client does wrong, and what it must be told.
 *
 * @param name for the report
 * @param slow whether it waits for a time limit of the daemon
 */
record Scenario(String name, boolean slow, Consumer<Peer> play) {
    Scenario(String name, Consumer<Peer> play) {
        this(name, false, play);
    }

    static Scenario slow(String name, Consumer<Peer> play) {
        return new Scenario(name, true, play);
    }

    @Override
    public String toString() {
        return name;
    }
}
