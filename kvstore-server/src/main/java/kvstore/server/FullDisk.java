package kvstore.server;

import java.io.IOException;
import kvstore.api.IoFailure;

/**
 * Opens what needs a little space on a file system that may have none: then what would be evicted first goes before, so that
 * a daemon can start, serve what it has, and make more room by itself.
 */
final class FullDisk {
    /** How often it is tried again after something was deleted: Lustre frees objects later than it removes names. */
    private static final int TRIES = 25;

    /** Most files that are deleted: whoever fills the file system meanwhile would take the rest as well. */
    private static final int DELETIONS_MAX = 3;

    private FullDisk() {}

    /** What needs space. */
    @FunctionalInterface
    interface Opening<T> {
        T open() throws IOException;
    }

    /** Deletes something; false if there is nothing to delete. */
    @FunctionalInterface
    interface Room {
        boolean make() throws IOException;
    }

    /**
     * Tries it, and again with room made.
     *
     * @param pauseMillis between two tries after something was deleted
     * @throws IOException as the last try did
     */
    static <T> T open(Opening<T> opening, Room room, long pauseMillis) throws IOException, InterruptedException {
        IoFailure full;
        try {
            return opening.open();
        } catch (IoFailure e) {
            full = e;
        }
        for (int i = 0; i < DELETIONS_MAX && isFull(full) && room.make(); i++) {
            for (int tries = 0; tries < TRIES && isFull(full); tries++) {
                Thread.sleep(tries == 0 ? 0 : pauseMillis);
                try {
                    return opening.open();
                } catch (IoFailure e) {
                    full = e;
                }
            }
        }
        throw full;
    }

    private static boolean isFull(IoFailure failure) {
        return failure.kind() == IoFailure.Kind.NO_SPACE;
    }
}
