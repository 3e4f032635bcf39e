package kvstore.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class DaemonLauncherTest {
    @Test
    void leavesOutTheAotCacheAndNothingElse() {
        DaemonLauncher with = new DaemonLauncher(List.of("java", "-Xmx1g", "-XX:AOTCache=/a b.aot", "serve"));

        assertThat(with.hasAotCache()).isTrue();
        assertThat(with.withoutAotCache()).isEqualTo(new DaemonLauncher(List.of("java", "-Xmx1g", "serve")));
        assertThat(with.withoutAotCache().hasAotCache()).isFalse();
    }
}
