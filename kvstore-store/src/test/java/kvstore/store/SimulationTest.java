package kvstore.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The store on a simulated disk, with simulated threads and clocks, for many seeds: exact bytes or a miss, the capacity held,
 * and what was acknowledged found unless it was evicted or a fault destroyed it. {@code -Dkvstore.simulation.seeds=N} and
 * {@code -Dkvstore.simulation.operations=N} run more, {@code -Dkvstore.simulation.seed=N} repeats one.
 */
final class SimulationTest {
    private static final int SEEDS = Integer.getInteger("kvstore.simulation.seeds", 1000);
    private static final int OPERATIONS = Integer.getInteger("kvstore.simulation.operations", 500);
    private static final long FIRST_SEED = 1;
    private static final int LYING_SEEDS = 10;

    private static final List<SimFaults> WORLDS = List.of(
            SimFaults.NONE,
            new SimFaults(0.03, 0, false),
            new SimFaults(0, 0, true),
            new SimFaults(0, 0.006, false),
            new SimFaults(0.02, 0.003, true));

    /** The seed decides what is wrong with its world. */
    private static SimFaults world(long seed) {
        return WORLDS.get((int) (seed % WORLDS.size()));
    }

    @Test
    void twoRunsOfASeedAreTheSame() throws Exception {
        for (long seed = 0; seed < WORLDS.size(); seed++) {
            assertThat(inAThread(seed).get())
                    .as("seed " + seed)
                    .isEqualTo(inAThread(seed).get());
        }
    }

    /** Or else the simulation would find nothing. */
    @ParameterizedTest
    @EnumSource(value = SimDisk.Lie.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aDiskThatDoesWrongUnseenIsFoundOut(SimDisk.Lie lie) throws Exception {
        int found = 0;
        for (long seed = 0; seed < LYING_SEEDS; seed++) {
            long each = seed;
            try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
                thread.submit(() -> new Simulation(each, OPERATIONS, SimFaults.NONE)
                                .lying(lie)
                                .run())
                        .get();
            } catch (ExecutionException e) {
                assertThat(e).hasRootCauseInstanceOf(AssertionError.class);
                found++;
            }
        }
        assertThat(found).as("seeds that found it").isGreaterThan(LYING_SEEDS / 2);
    }

    private static Simulation.Tally run(long seed) {
        Simulation[] simulation = new Simulation[1];
        try {
            simulation[0] = new Simulation(seed, OPERATIONS, world(seed));
            return simulation[0].run();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "seed " + seed + " in " + world(seed) + ", after " + simulation[0].done() + " operations: "
                            + e.getMessage() + "; to repeat: mvn -pl kvstore-store -am test -Dtest=SimulationTest"
                            + " -Dsurefire.failIfNoSpecifiedTests=false -Dkvstore.simulation.seed=" + seed
                            + " -Dkvstore.simulation.operations=" + OPERATIONS,
                    e);
        }
    }

    @Test
    void everySeed() throws Exception {
        Long one = Long.getLong("kvstore.simulation.seed");
        if (one != null) {
            System.out.println("SimulationTest: " + inAThread(one).get());
            return;
        }
        long[] sums = new long[6];
        List<String> failures = new ArrayList<>();
        Semaphore slots = new Semaphore(Runtime.getRuntime().availableProcessors());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Simulation.Tally>> runs = new ArrayList<>();
            for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
                long each = seed;
                runs.add(threads.submit(() -> {
                    slots.acquire();
                    try {
                        return run(each);
                    } finally {
                        slots.release();
                    }
                }));
            }
            for (Future<Simulation.Tally> future : runs) {
                try {
                    Simulation.Tally tally = future.get();
                    sums[0] += tally.operations();
                    sums[1] += tally.kills();
                    sums[2] += tally.closes();
                    sums[3] += tally.deletedFiles();
                    sums[4] += tally.faults();
                    sums[5] += tally.moved();
                } catch (ExecutionException e) {
                    failures.add(String.valueOf(e.getMessage()));
                }
            }
        }
        System.out.printf(
                "SimulationTest: %d seeds, %d operations, %d kills, %d clean stops, %d files deleted, %d faults, %d chunks reinserted%n",
                SEEDS, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]);
        failures.stream().limit(20).forEach(System.out::println);
        assertThat(failures.size()).isZero();
    }

    private static Future<Simulation.Tally> inAThread(long seed) {
        try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
            return thread.submit(() -> run(seed));
        }
    }
}
