package kvstore.store;

import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import kvstore.api.Blocks;
import org.jspecify.annotations.Nullable;

/**
 * A store in a world that follows from a seed: its threads, its clocks, its disk, its clients and its ends. Two runs of one
 * seed are the same.
 */
final class Simulation {
    /** What came of it, to see that a run was worth it. */
    record Tally(
            long operations,
            int kills,
            int closes,
            int refusedStarts,
            long deletedFiles,
            long moved,
            long faults,
            long fingerprint) {}

    private static final List<EvictionConfig.Policy> POLICIES = List.of(EvictionConfig.Policy.values());
    private static final List<CapacityConfig> CAPACITIES =
            List.of(CapacityConfig.AT_THE_LIMIT, new CapacityConfig(0.9, 0.6, 0));
    private static final int KEYS = 22;
    private static final long SEGMENT_BYTES = 14L * Blocks.BLOCK_BYTES;
    private static final int CLIENTS_MAX = 3;
    private static final int STARTS_MAX = 20;

    private final Random random;
    private final SimFaults faults;
    private final SimScheduler scheduler;
    private final SimModel model;
    private final SimDisk disk;
    private final int operations;
    private final EvictionConfig.Policy policy;
    private @Nullable SimClient client;
    private @Nullable SimExecutor executor;
    private SimScheduler.@Nullable Task ticking;
    private boolean calm;
    private int done;
    private int kills;
    private int closes;
    private int refused;
    private long wallMillis = 1_790_000_000_000L;

    Simulation(long seed, int operations, SimFaults faults) {
        this.random = new Random(seed);
        this.operations = operations;
        this.policy = POLICIES.get(random.nextInt(POLICIES.size()));
        this.faults = faults;
        this.scheduler = new SimScheduler(random);
        this.model = new SimModel(scheduler, faults, KEYS);
        this.disk = new SimDisk(scheduler, random, model);
    }

    /** The same on a disk that does wrong what the model does not know. */
    Simulation lying(SimDisk.Lie lie) {
        disk.lie = lie;
        return this;
    }

    Tally run() {
        try {
            start();
            while (done < operations) {
                step();
            }
            end();
            return new Tally(
                    done,
                    kills,
                    closes,
                    refused,
                    model.deletedFiles(),
                    model.reinsertions,
                    disk.injected(),
                    disk.fingerprint());
        } catch (Throwable e) {
            scheduler.abandon();
            throw e;
        }
    }

    int done() {
        return done;
    }

    /** What the store looks at every second. */
    private void tick() {
        SimClient current = client;
        if (current != null && (ticking == null || ticking.ended())) {
            ticking = scheduler.spawn("heartbeat", true, current.store()::tick);
        }
    }

    private void step() {
        int what = random.nextInt(4000);
        if (what < 5) {
            kill();
            start();
        } else if (what < 8) {
            close();
            start();
        } else if (what < 20) {
            disk.faults = random.nextInt(3) > 0 ? faults : faults.quiet();
        } else if (what < 24) {
            disk.availableBytes = random.nextInt(3) == 0 ? random.nextLong(3 * SEGMENT_BYTES) : Long.MAX_VALUE / 2;
        } else if (what >= 40 && what < 80) {
            tick();
        } else if (what < 27 && faults.silent() > 0) {
            disk.rot();
        } else if (what < 40) {
            spawn(SimClient::getAll);
        } else if (what < 1500 || scheduler.idle()) {
            spawn(SimClient::operate);
        } else {
            scheduler.turn();
        }
    }

    private interface Use {
        void of(SimClient client);
    }

    private void spawn(Use use) {
        SimClient current = client;
        if (current == null || scheduler.clients() >= CLIENTS_MAX) {
            scheduler.turn();
            return;
        }
        done++;
        scheduler.spawn("client " + done, false, () -> use.of(current));
    }

    /** Starts the store, however often that takes; some starts are killed. */
    private void start() {
        model.capacityBytes = Geometry.capacityBytesFor(4 + random.nextInt(5), SEGMENT_BYTES);
        for (int i = 0; client == null; i++) {
            disk.faults = !calm && i < 3 && random.nextInt(3) == 0 ? faults : faults.quiet();
            if (i == STARTS_MAX) {
                throw new AssertionError("the store does not start any more");
            }
            boolean toBeKilled = !calm && i < 3 && random.nextInt(4) == 0;
            int turns = toBeKilled ? random.nextInt(40) : Integer.MAX_VALUE;
            StoreException[] refusal = new StoreException[1];
            disk.starting = true;
            model.starting = true;
            SimScheduler.Task opening = scheduler.spawn("start", false, () -> {
                try {
                    client = open();
                } catch (StoreException e) {
                    refusal[0] = e;
                }
            });
            while (!opening.ended() && turns-- > 0) {
                scheduler.turn();
            }
            disk.starting = false;
            if (!opening.ended()) {
                kill();
            } else if (refusal[0] != null) {
                refused++;
                if (faults.error() == 0) {
                    throw new AssertionError("a start was refused: " + refusal[0].getMessage(), refusal[0]);
                }
                end(false);
            }
            model.starting = false;
        }
        model.grown(disk.segmentBytes());
        disk.faults = !calm && random.nextBoolean() ? faults : faults.quiet();
        if (!calm && random.nextBoolean()) {
            spawn(SimClient::getAll);
        }
    }

    private SimClient open() throws StoreException {
        SimFileSystem files = new SimFileSystem(disk);
        executor = new SimExecutor(scheduler);
        Environment environment = new Environment(
                () -> Instant.ofEpochMilli(wallMillis + scheduler.nanos() / 1_000_000),
                scheduler::nanos,
                () -> new UUID(random.nextLong(), random.nextLong()),
                executor,
                () -> new SimLock(scheduler));
        StoreConfig config = new StoreConfig(
                files.getPath("/pool"),
                "node-a",
                model.capacityBytes,
                SEGMENT_BYTES,
                3L * Blocks.BLOCK_BYTES,
                60_000,
                100,
                new EvictionConfig(policy, 0.5, 60, 0.5),
                1000,
                List.of(),
                CAPACITIES.get(random.nextInt(CAPACITIES.size())));
        model.idle = policy == EvictionConfig.Policy.IDLE;
        ChunkStore store = ChunkStore.open(config, new SimEngine(disk), model, environment);
        return new SimClient(store, scheduler, model, faults, random);
    }

    private void close() {
        SimClient current = client;
        if (current != null) {
            closes++;
            if (ticking != null) {
                scheduler.finish(ticking);
            }
            SimScheduler.Task closing = scheduler.spawn("close", false, current::close);
            scheduler.finish(closing);
            end(false);
        }
    }

    private void kill() {
        kills++;
        end(true);
    }

    /** Nothing of the process is left; a clean one has let its threads end. */
    private void end(boolean killed) {
        if (killed) {
            scheduler.kill();
            disk.crash();
        } else {
            while (!scheduler.idle()) {
                scheduler.turn();
            }
        }
        model.end();
        client = null;
        ticking = null;
        // Clocks of machines are set now and then, mostly a little.
        wallMillis += random.nextInt(5) == 0 ? random.nextInt(20_000) - 10_000 : 0;
    }

    /** All is well again after all that: values are stored and found. */
    private void end() {
        calm = true;
        disk.faults = faults.quiet();
        disk.availableBytes = Long.MAX_VALUE / 2;
        while (!scheduler.idle()) {
            scheduler.turn();
        }
        SimClient current = java.util.Objects.requireNonNull(client);
        scheduler.finish(scheduler.spawn("last", false, current::letGo));
        scheduler.advance(TimeUnit.SECONDS.toNanos(70));
        scheduler.finish(scheduler.spawn("last", false, current::putAtLast));
        close();
        start();
        SimClient again = java.util.Objects.requireNonNull(client);
        scheduler.finish(scheduler.spawn("last", false, again::getAll));
        close();
    }
}
