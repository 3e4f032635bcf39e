package kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

final class HeartbeatTest {
    private final Queue<Runnable> stuck = new ArrayDeque<>();

    @Test
    void whoRunsItsTasksIsNotNamed() {
        Heartbeat heartbeat = new Heartbeat(Map.of("quick", Runnable::run));

        assertThat(heartbeat.beat()).isEmpty();
        assertThat(heartbeat.beat()).isEmpty();
    }

    @Test
    void whoStandsStillIsNamedUntilItGoesOn() {
        Heartbeat heartbeat = new Heartbeat(Map.of("quick", Runnable::run, "stuck", stuck::add));
        assertThat(heartbeat.beat()).as("nobody was asked before").isEmpty();

        assertThat(heartbeat.beat()).containsExactly("stuck");
        assertThat(heartbeat.beat()).containsExactly("stuck");
        assertThat(stuck).as("one task at a time").hasSize(1);

        stuck.remove().run();
        assertThat(heartbeat.beat()).isEmpty();
        assertThat(heartbeat.beat()).containsExactly("stuck");
    }

    @Test
    void whatWasShutDownStandsStill() {
        Executor over = _ -> {
            throw new RejectedExecutionException("shut down");
        };
        Heartbeat heartbeat = new Heartbeat(Map.of("over", over));

        assertThat(heartbeat.beat()).isEmpty();
        assertThat(heartbeat.beat()).containsExactly("over");
    }
}
