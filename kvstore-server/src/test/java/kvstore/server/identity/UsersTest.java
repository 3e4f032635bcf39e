package kvstore.server.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UsersTest {
    private static final char[] SECRET = "open sesame".toCharArray();

    @TempDir
    private Path directory;

    @Test
    void onlyTheRightPasswordOfTheRightUserFits() throws Exception {
        Path file = write("# people\n" + Users.line("alice", SECRET) + "\n\n" + Users.line("bob", SECRET) + "\n");
        Users users = Users.read(file);

        assertThat(users.login("alice", SECRET)).contains(new Caller.PasswordUser("alice"));
        assertThat(users.login("alice", "open Sesame".toCharArray())).isEmpty();
        assertThat(users.login("carol", SECRET)).isEmpty();
        assertThat(users.login("", new char[0])).isEmpty();

        write(Users.line("bob", "another".toCharArray()));
        users.reload(file);
        assertThat(users.login("alice", SECRET)).isEmpty();
        assertThat(users.login("bob", SECRET)).isEmpty();

        write("bob:plain text");
        users.reload(file);
        assertThat(users.login("bob", "another".toCharArray())).isPresent();
    }

    @Test
    void hashHasNothingOfThePasswordAndASaltOfItsOwn() {
        assertThat(Users.line("alice", SECRET))
                .startsWith("alice:$pbkdf2-sha512$i=210000$")
                .doesNotContain("sesame")
                .isNotEqualTo(Users.line("alice", SECRET));
        assertThatThrownBy(() -> Users.line("al:ice", SECRET)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void mistakeInTheFileIsSaidWithoutWhatIsInIt() throws IOException {
        Path plain = write(Users.line("alice", SECRET) + "\nbob:hunter2\n");
        assertThatThrownBy(() -> Users.read(plain))
                .hasMessageContaining(plain + ":2: is no hash")
                .hasMessageNotContaining("hunter2");
        Path nameless = write("hunter2\n");
        assertThatThrownBy(() -> Users.read(nameless))
                .hasMessageContaining(":1: is not name:hash")
                .hasMessageNotContaining("hunter2");
    }

    private Path write(String text) throws IOException {
        return Files.writeString(directory.resolve("users"), text);
    }
}
