package kvstore.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A module that a library begins to need must not be found missing by a user. */
final class RuntimeImageTest {
    /** Beans and databases, which Micrometer, Gson and protobuf offer to handle where a program has them; we have none. */
    private static final Set<String> OFFERED = Set.of("java.desktop", "java.sql");

    /** Named modules, for which jdeps wants all that they require to be modules too; they use java.base alone. */
    private static final Set<String> MODULES = Set.of("progressbar", "jline");

    @Test
    void hasEveryModuleThatJdepsNames() throws IOException {
        Path lib = Built.tree().top().resolve("usr/lib/kvstore/lib");
        List<String> arguments = new ArrayList<>(List.of(
                "--print-module-deps", "--ignore-missing-deps", "--multi-release", "25", "--class-path", lib + "/*"));
        try (Stream<Path> jars = Files.list(lib)) {
            jars.map(Path::toString)
                    .filter(jar -> MODULES.stream().noneMatch(jar::contains))
                    .forEach(arguments::add);
        }
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        ToolProvider.findFirst("jdeps").orElseThrow().run(writer, writer, arguments.toArray(String[]::new));
        List<String> lines = output.toString().lines().toList();

        Set<String> named = new TreeSet<>(List.of(lines.getLast().split(",")));
        named.removeAll(OFFERED);
        assertThat(named).contains("java.base");
        assertThat(RuntimeImage.MODULES).containsAll(named);
    }
}
