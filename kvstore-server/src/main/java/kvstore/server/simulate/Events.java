package kvstore.server.simulate;

import kvstore.store.ReinsertionRefusal;
import kvstore.store.ShedReason;
import kvstore.store.StoreListener;

/** Counts what a simulated store does. For one thread. */
final class Events implements StoreListener {
    long storedChunks;
    long reinsertedChunks;
    long notReinsertedChunks;
    long evictedChunks;
    long shedChunks;

    @Override
    public void stored(long payloadBytes) {
        storedChunks++;
    }

    @Override
    public void shed(ShedReason reason) {
        shedChunks++;
    }

    @Override
    public void evicted(long segment, long chunks, long payloadBytes, long ageMillis) {
        evictedChunks += chunks;
    }

    @Override
    public void expired(long segment, long chunks, long payloadBytes, long ageMillis) {
        evictedChunks += chunks;
    }

    @Override
    public void reinserted(long payloadBytes) {
        reinsertedChunks++;
    }

    @Override
    public void reinsertionRefused(ReinsertionRefusal reason, int chunks) {
        notReinsertedChunks += chunks;
    }
}
