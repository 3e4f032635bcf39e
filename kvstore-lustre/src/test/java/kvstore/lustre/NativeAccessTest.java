package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class NativeAccessTest {
    /** What a daemon started without the permission does. */
    static final class Denied {
        private Denied() {}

        public static void main(String[] args) throws Exception {
            try {
                PosixEngine.open(EngineConfig.defaults(), Path.of(args[0])).close();
            } catch (IllegalStateException e) {
                System.out.print(e.getMessage());
            }
        }
    }

    @Test
    void aMissingPermissionNamesTheFlag() throws Exception {
        Process java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--illegal-native-access=deny",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Denied.class.getName(),
                        System.getProperty("java.io.tmpdir"))
                .redirectErrorStream(true)
                .start();
        String output = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(java.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(output)
                .endsWith("this Java runtime denies native calls: add --enable-native-access=ALL-UNNAMED to the java"
                        + " command line");
    }

    @Test
    void aGivenPermissionIsEnough() {
        NativeAccess.require();
    }
}
