package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import kvstore.v1.DeleteRequest;
import kvstore.v1.LookupResponse;
import kvstore.v1.MissReason;
import kvstore.v1.PutReason;
import kvstore.v1.PutResponse;
import kvstore.v1.PutStatus;

/**
 * A client that puts, gets, looks up and deletes at random, mostly under keys of its own, and knows what it may be
 * answered: the exact bytes, or a miss or refusal with a reason that fits.
 *
 * <p>A put that was shed leaves what was there before. What a restart finds then is open, because a disk that said a write
 * had failed may have written it all the same.
 */
final class ModelClient {
    private static final int OWN_KEYS = 25;
    private static final int SHARED_KEYS = 4;
    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    private static final Set<PutReason> SHED_BY_DISK =
            Set.of(PutReason.PUT_REASON_IO_ERROR, PutReason.PUT_REASON_NO_SPACE);

    /** What is known of a key. */
    private static final class Known {
        /** Of the value that is there; 0 for none. */
        int length;

        /** Of all values that were ever sent. */
        final Set<Integer> sent = new HashSet<>();

        /** Whether any of them, or none, may be there. */
        boolean open;

        /** Whether that is so after the next restart. */
        boolean openAfterRestart;

        void is(int newLength) {
            length = newLength;
            open = false;
        }

        boolean mayBe(int found) {
            return open ? found == 0 || sent.contains(found) : found == length;
        }

        @Override
        public String toString() {
            return "%d bytes%s, sent %s".formatted(length, open ? " or not" : "", sent);
        }
    }

    private final Random random;
    private final Map<String, Known> known = new HashMap<>();
    private final List<String> ownKeys;
    private final boolean silentFaults;
    private GeneratedStubs stubs;
    private Tally tally;

    /** @param silentFaults whether a value may turn out to be corrupt */
    ModelClient(int number, long seed, boolean silentFaults, GeneratedStubs stubs, Tally tally) {
        this.random = new Random(seed * 1000 + number);
        this.ownKeys = IntStream.range(0, OWN_KEYS)
                .mapToObj(i -> "client-" + number + "-" + i)
                .toList();
        ownKeys.forEach(key -> known.put(key, new Known()));
        this.silentFaults = silentFaults;
        this.stubs = stubs;
        this.tally = tally;
    }

    /** Goes on with a daemon that was started again. */
    void reconnect(GeneratedStubs newStubs, Tally newTally) {
        stubs = newStubs;
        tally = newTally;
        known.values().forEach(state -> {
            state.open |= state.openAfterRestart || silentFaults;
            state.openAfterRestart = state.open;
        });
    }

    /** The next start may not have been able to read everything: from now on only exactness is asked for. */
    void expectAnything() {
        known.values().forEach(state -> {
            state.open = true;
            state.openAfterRestart = true;
        });
    }

    void run(int steps) {
        for (int i = 0; i < steps; i++) {
            int what = random.nextInt(100);
            String key = ownKeys.get(random.nextInt(OWN_KEYS));
            if (what < 10) {
                share("shared-" + random.nextInt(SHARED_KEYS));
            } else if (what < 50) {
                put(key);
            } else if (what < 80) {
                get(key, true);
            } else if (what < 90) {
                lookup(key);
            } else {
                delete(key);
            }
        }
    }

    /** All keys, while nothing goes wrong. */
    void verify() {
        ownKeys.forEach(key -> {
            lookup(key);
            get(key, false);
        });
    }

    private void put(String key) {
        Known state = state(key);
        int length = newLength();
        state.sent.add(length);
        PutResponse answer = send(key, length);
        switch (answer.getStatus()) {
            case PUT_STATUS_STORED -> {
                state.is(length);
                state.openAfterRestart = false;
            }
            case PUT_STATUS_ALREADY_STORED -> {
                assertThat(state.mayBe(length)).as("%s: %s", key, state).isTrue();
                state.is(length);
            }
            case PUT_STATUS_SHED -> {
                assertThat(answer.getReason()).as("%s", answer).isIn(SHED_BY_DISK);
                state.openAfterRestart = true;
            }
            default -> throw new AssertionError(answer);
        }
    }

    private void get(String key, boolean faults) {
        Known state = state(key);
        GeneratedStubs.Got got = receive(key);
        if (got.hit()) {
            int length = got.data().size();
            assertThat(state.mayBe(length))
                    .as("%s: %s, not %s", key, state, length)
                    .isTrue();
            assertExact(key, got.data());
            state.is(length);
            return;
        }
        MissReason reason = got.last().getReason();
        switch (reason) {
            case MISS_REASON_ABSENT -> {
                assertThat(state.mayBe(0)).as("%s: %s", key, state).isTrue();
                state.is(0);
            }
            case MISS_REASON_IO_ERROR ->
                assertThat(faults).as("%s: %s", key, reason).isTrue();
            case MISS_REASON_CORRUPT -> {
                assertThat(silentFaults).as("%s: %s", key, reason).isTrue();
                state.is(0);
            }
            default -> throw new AssertionError(key + ": " + reason);
        }
    }

    private void lookup(String key) {
        Known state = state(key);
        LookupResponse found = stubs.lookup(key);
        int length = (int) found.getSizes(0);
        assertThat(found.getLeadingHits()).isEqualTo(length > 0 ? 1 : 0);
        assertThat(state.mayBe(length)).as("%s: %s, not %s", key, state, length).isTrue();
        state.is(length);
    }

    private void delete(String key) {
        Known state = state(key);
        DeleteRequest request =
                DeleteRequest.newBuilder().addKeys(ByteString.copyFromUtf8(key)).build();
        boolean was = stubs.blocking().delete(request).getDeleted().byteAt(0) != 0;
        assertThat(state.open || was == (state.length > 0))
                .as("%s: %s", key, state)
                .isTrue();
        state.is(0);
    }

    /** A key that others change at the same time: nothing is known of it but its bytes. */
    private void share(String key) {
        if (random.nextBoolean()) {
            PutResponse answer = send(key, 300 * KIB + key.charAt(key.length() - 1));
            assertThat(answer.getStatus()).as("%s", answer).isNotEqualTo(PutStatus.PUT_STATUS_REJECTED);
        } else if (random.nextInt(5) > 0) {
            GeneratedStubs.Got got = receive(key);
            if (got.hit()) {
                assertExact(key, got.data());
            }
        } else {
            DeleteRequest request = DeleteRequest.newBuilder()
                    .addKeys(ByteString.copyFromUtf8(key))
                    .build();
            assertThat(stubs.blocking().delete(request).getDeleted().size()).isEqualTo(1);
        }
    }

    private PutResponse send(String key, int length) {
        PutResponse answer = stubs.put(key, Payloads.bytes(key, length));
        tally.add(answer);
        return answer;
    }

    private GeneratedStubs.Got receive(String key) {
        GeneratedStubs.Got got = stubs.get(key);
        tally.add(got.last());
        return got;
    }

    private static void assertExact(String key, ByteString data) {
        // Not compared by AssertJ, which would print both.
        assertThat(data.equals(Payloads.bytes(key, data.size())))
                .as("%s has its own %s bytes", key, data.size())
                .isTrue();
    }

    private Known state(String key) {
        return Objects.requireNonNull(known.get(key));
    }

    /** Mostly small, so that there are many; some with several pieces in memory. */
    private int newLength() {
        int kind = random.nextInt(100);
        return 1 + random.nextInt(kind < 60 ? 64 * KIB : kind < 90 ? 512 * KIB : kind < 98 ? 3 * MIB : 18 * MIB);
    }
}
