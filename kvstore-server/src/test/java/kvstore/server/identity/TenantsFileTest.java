package kvstore.server.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import kvstore.api.ChunkKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TenantsFileTest {
    @TempDir
    private Path directory;

    @Test
    void everyKeyIsRead() throws IOException {
        Path file = write("""
                tenants:
                  - name: team-a
                    identities: ["uri:spiffe://cluster/a", uid:1001, user:alice]
                    quota: 10TiB
                    in-flight: 256MiB
                    require-cache-salt: true
                    admin: true
                  - {name: default, identities: [anonymous]}
                """);

        Tenants tenants = Tenants.read(file);

        Grant alice = tenants.of(new Caller.PasswordUser("alice")).orElseThrow();
        assertThat(alice.tenant().limits()).isEqualTo(new TenantLimits(10L << 40, 256 << 20, true, true));
        assertThat(alice.admin()).isTrue();
        assertThat(tenants.of(new Caller.LocalUser(1001))).contains(alice);
        assertThat(tenants.of(Caller.ANONYMOUS).orElseThrow())
                .satisfies(grant -> assertThat(grant.tenant().namespace()).isEmpty())
                .satisfies(grant -> assertThat(grant.admin()).isFalse());
        assertThat(tenants.of(new Caller.PasswordUser("bob"))).isEmpty();
        assertThat(tenants.of(new Caller.LocalUser(0)).orElseThrow().admin()).isTrue();
        assertThat(tenants.ownerOf(ChunkKey.of("@team-a/lm", new byte[1]))).isEqualTo(alice.tenant());
        assertThat(tenants.ownerOf(ChunkKey.of("lm", new byte[1])).name()).isEqualTo("default");
    }

    /** FILE stands for the file's path. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            tenants: {}                                             | FILE:1: the file has to be a list under the one key tenants
            others: []                                              | FILE:1: the file has to be a list under the one key tenants
            tenants: [a]                                            | FILE:1: a tenant has to be keys with values, name and identities among them
            tenants: [{name: a, identities: [uid:1], qota: 1}]      | FILE:1: qota is not a key; there are admin, identities, in-flight, name, quota, require-cache-salt
            tenants: [{name: ../a, identities: [uid:1]}]            | FILE:1: name "../a" is not 1 to 64 letters, digits and . _ -, the first a letter or digit
            tenants: [{name: a/lm, identities: [uid:1]}]            | FILE:1: name "a/lm" is not 1 to 64 letters, digits and . _ -, the first a letter or digit
            tenants: [{name: a}]                                    | FILE:1: identities of a has to be a list of one or more
            tenants: [{name: a, identities: [root]}]                | FILE:1: "root" is no identity; there are dns:NAME, uri:URI, email:ADDRESS, ip:ADDRESS (of a certificate), uid:NUMBER, user:NAME and anonymous
            tenants: [{name: a, identities: [uid:1], quota: much}]  | FILE:1: quota: "much" is not a size such as 512KiB or 1GiB
            tenants: [{name: a, identities: [uid:1], admin: yes}]   | FILE:1: admin: "yes" is neither true nor false
            tenants: [{name: a, identities: [uid:1, uid:1]}]        | FILE:1: uid:1 is an identity of a already
            tenants: [                                              | FILE: is not YAML
            """)
    void mistakesAreSaid(String yaml, String message) throws IOException {
        Path file = write(yaml);

        assertThatThrownBy(() -> Tenants.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("tenants.file: " + message.replace("FILE", file.toString()));
    }

    @Test
    void fileThatNeverEndsIsNoFile() {
        assertThatThrownBy(() -> Tenants.read(Path.of("/dev/zero"))).hasMessageContaining("more than 1048576 bytes");
        assertThatThrownBy(() -> Tenants.read(directory.resolve("none"))).hasMessageContaining("there is no file");
    }

    @Test
    void budgetIsNotExceededAndComesBack() throws Exception {
        Tenant tenant = new Tenant("a", new TenantLimits(TenantLimits.UNLIMITED, 100, false, false));

        assertThat(tenant.enter(1000, 0)).as("the first always").isTrue();
        assertThat(tenant.enter(1, 1_000_000)).isFalse();
        Thread waiting = Thread.ofVirtual().start(() -> {
            try {
                assertThat(tenant.enter(60, 60_000_000_000L)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        tenant.leave(1000);
        waiting.join();

        assertThat(tenant.inFlightBytes()).isEqualTo(60);
        assertThat(tenant.enter(41, 0)).isFalse();
        assertThat(tenant.enter(40, 0)).isTrue();
    }

    private Path write(String text) throws IOException {
        return Files.writeString(directory.resolve("tenants.yaml"), text);
    }
}
