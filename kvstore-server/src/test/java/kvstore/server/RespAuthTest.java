package kvstore.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import kvstore.server.identity.Users;
import kvstore.server.testing.Authority;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The RESP door with passwords, and a tenant for each user. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
final class RespAuthTest {
    @TempDir
    private Path directory;

    private DaemonUnderTest daemon;
    private RespClient client;

    @BeforeEach
    void start() throws Exception {
        Path users = Files.writeString(
                directory.resolve("users"),
                Users.line("alice", "a secret".toCharArray()) + "\n"
                        + Users.line("bob", "b secret".toCharArray()) + "\n"
                        + Users.line("default", "d secret".toCharArray()) + "\n");
        Path tenants = Authority.write(directory.resolve("tenants.yaml"), """
                tenants:
                  - {name: a, identities: [user:alice]}
                  - {name: d, identities: [user:default, anonymous]}
                """);
        daemon = DaemonUnderTest.start(
                directory.resolve("pool"),
                "resp.listen=127.0.0.1:0",
                "resp.users-file=" + users,
                "tenants.file=" + tenants);
        client = new RespClient(daemon);
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        daemon.close();
    }

    @Test
    void nothingIsDoneBeforeAuth() throws Exception {
        for (String command :
                new String[] {"GET k", "SET k v", "DEL k", "EXISTS k", "INFO", "PING", "SCAN 0", "HELLO 3"}) {
            assertThat(client.ask((Object[]) command.split(" ")))
                    .as(command)
                    .isEqualTo("-NOAUTH Authentication required.");
        }
        assertThat(client.ask("AUTH", "alice", "wrong")).startsWith("-WRONGPASS");
        assertThat(client.ask("AUTH", "nobody", "a secret")).startsWith("-WRONGPASS");
        assertThat(client.ask("GET", "k")).startsWith("-NOAUTH");
        assertThat(daemon.metric("kvstore_audit_refused_total")).isEqualTo(2);

        assertThat(client.ask("AUTH", "alice", "a secret")).isEqualTo("+OK");
        assertThat(client.ask("SET", "k", "v")).isEqualTo("+OK");
        assertThat(client.ask("EXISTS", "k")).isEqualTo(":1");
        assertThat(client.ask("QUIT")).isEqualTo("+OK");
    }

    @Test
    void everyUserHasKeysOfHisOwn() throws Exception {
        client.ask("AUTH", "alice", "a secret");
        client.ask("SET", "k", "v");
        try (RespClient other = new RespClient(daemon)) {
            assertThat(other.ask("AUTH", "d secret")).isEqualTo("+OK");
            assertThat(other.ask("EXISTS", "k")).isEqualTo(":0");
            assertThat(other.ask("TTL", "k")).isEqualTo(":-2");
        }
        try (RespClient other = new RespClient(daemon)) {
            assertThat(other.ask("AUTH", "bob", "b secret")).isEqualTo("+OK");
            assertThat(other.ask("EXISTS", "k")).isEqualTo("-NOPERM the user belongs to no tenant");
        }
    }

    @Test
    void helloTakesAUserToo() throws Exception {
        assertThat(client.ask("HELLO", "2", "AUTH", "alice", "wrong")).startsWith("-WRONGPASS");
        assertThat(client.ask("HELLO", "2", "AUTH", "alice", "a secret")).isEqualTo("*14");
    }

    @Test
    void pipelinedCommandsWaitForTheLogin() throws Exception {
        client.send(RespClient.command("AUTH", "alice", "a secret"))
                .send(RespClient.command("SET", "k", "v"))
                .send(RespClient.command("EXISTS", "k"));

        assertThat(client.line()).isEqualTo("+OK");
        assertThat(client.line()).isEqualTo("+OK");
        assertThat(client.line()).isEqualTo(":1");
    }
}
