package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import kvstore.server.identity.Users;
import kvstore.server.testing.Authority;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a tenant's quota and budget do for the others. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class QuotaTest {
    private static final int MIB = 1 << 20;
    private static final int CHUNK = 4 * MIB;
    private static final double QUOTA = 64.0 * MIB;

    @TempDir
    private Path directory;

    private DaemonUnderTest daemon;
    private RespClient small;
    private RespClient large;

    @BeforeEach
    void start() throws Exception {
        Path users = Files.writeString(
                directory.resolve("users"),
                Users.line("small", "s".toCharArray()) + "\n" + Users.line("large", "l".toCharArray()) + "\n");
        Path tenants = Authority.write(directory.resolve("tenants.yaml"), """
                tenants:
                  - {name: small, identities: [user:small], quota: 64MiB, in-flight: 8MiB}
                  - {name: large, identities: [user:large]}
                """);
        daemon = DaemonUnderTest.start(
                directory.resolve("pool"),
                "data.capacity=256MiB",
                "data.segment-size=64MiB",
                "data.max-value-size=16MiB",
                "capacity.free-space-floor=0",
                "grpc.put-wait=200ms",
                "resp.listen=127.0.0.1:0",
                "resp.users-file=" + users,
                "tenants.file=" + tenants);
        connect();
    }

    private void connect() throws Exception {
        small = new RespClient(daemon);
        large = new RespClient(daemon);
        small.ask("AUTH", "small", "s");
        large.ask("AUTH", "large", "l");
    }

    @AfterEach
    void stop() throws Exception {
        small.close();
        large.close();
        daemon.close();
    }

    /** Each wave replaces nothing and deletes what it stored: what is dead counts too, until its segment goes. */
    @Test
    void nobodyPushesOthersOutBeyondHisQuota() throws Exception {
        List<String> kept = IntStream.range(0, 16).mapToObj(i -> "kept-" + i).toList();
        for (String key : kept) {
            store(large, key);
        }
        double before = daemon.metric("kvstore_store_evicted_segments_total");

        List<String> written = new ArrayList<>();
        for (int wave = 0; wave < 6; wave++) {
            for (int i = 0; i < 20; i++) {
                store(small, "wave-" + wave + "-" + i);
                written.add("wave-" + wave + "-" + i);
            }
            small.ask(RespClientCommands.with("DEL", written));
        }

        assertThat(small.ask(RespClientCommands.with("EXISTS", written))).isEqualTo(":0");
        assertThat(large.ask(RespClientCommands.with("EXISTS", kept))).isEqualTo(":" + kept.size());
        assertThat(daemon.metric("kvstore_store_evicted_segments_total")).isEqualTo(before);
        assertThat(tenantMetric("kvstore_tenant_used_bytes", "small")).isBetween(QUOTA - 2 * CHUNK, QUOTA);
        assertThat(tenantMetric("kvstore_tenant_shed_puts_total", "small")).isGreaterThan(90);
        assertThat(tenantMetric("kvstore_tenant_shed_puts_total", "large")).isZero();
    }

    @Test
    void whatATenantTakesIsKnownAfterARestart() throws Exception {
        for (int i = 0; i < 5; i++) {
            store(small, "s" + i);
            store(large, "l" + i);
        }
        double used = tenantMetric("kvstore_tenant_used_bytes", "small");
        assertThat(used).isEqualTo(5.0 * (CHUNK + 65_536));

        small.close();
        large.close();
        daemon.restart();
        connect();

        assertThat(tenantMetric("kvstore_tenant_used_bytes", "small")).isEqualTo(used);
        assertThat(tenantMetric("kvstore_tenant_used_bytes", "large")).isEqualTo(used);
        assertThat(tenantMetric("kvstore_tenant_used_bytes", "default")).isZero();
    }

    @Test
    void raisedQuotaHoldsAfterAReload() throws Exception {
        for (int i = 0; i < 20; i++) {
            store(small, "s" + i);
        }
        assertThat(small.ask("EXISTS", "s19")).isEqualTo(":0");

        Authority.write(directory.resolve("tenants.yaml"), """
                tenants:
                  - {name: small, identities: [user:small], quota: 128MiB}
                  - {name: large, identities: [user:large]}
                """);
        daemon.reload();
        store(small, "s19");

        assertThat(small.ask("EXISTS", "s19")).isEqualTo(":1");
    }

    /** Values that do not arrive to their end hold the tenant's budget, and nobody else's. */
    @Test
    void budgetInFlightIsATenantsOwn() throws Exception {
        try (RespClient slow = new RespClient(daemon);
                RespClient slower = new RespClient(daemon)) {
            for (RespClient client : List.of(slow, slower)) {
                client.ask("AUTH", "small", "s");
                client.send("*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$" + CHUNK + "\r\n")
                        .send(new byte[1000]);
            }
            Await.until(() -> tenantMetric("kvstore_tenant_in_flight_bytes", "small") >= 8.0 * MIB
                    || daemon.metric("kvstore_in_flight_transfers") >= 2);
            store(small, "more");
            store(large, "more");

            assertThat(large.ask("EXISTS", "more")).isEqualTo(":1");
            assertThat(tenantMetric("kvstore_tenant_in_flight_bytes", "small")).isLessThanOrEqualTo(8.0 * MIB);
        }
    }

    private double tenantMetric(String name, String tenant) {
        return daemon.metric(name + "{tenant=\"" + tenant + "\"}");
    }

    private static void store(RespClient client, String key) throws Exception {
        assertThat(client.ask("SET", key, Payloads.bytes(key, CHUNK).toByteArray()))
                .isEqualTo("+OK");
    }
}
