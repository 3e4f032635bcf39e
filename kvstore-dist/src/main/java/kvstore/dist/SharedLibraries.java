package kvstore.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a Java runtime takes from the machine: the C library and its loader. Netty's and our own calls need no more. */
final class SharedLibraries {
    /** A library that was found, or the loader, which stands there without an arrow. */
    private static final Pattern LINE = Pattern.compile("^\\s+(?:\\S+ => )?(/\\S+) \\(0x", Pattern.MULTILINE);

    private static final List<Path> LICENCES =
            List.of(Path.of("/usr/share/doc/libc6/copyright"), Path.of("/usr/share/licenses/glibc/COPYING.LIB"));

    private SharedLibraries() {}

    /** Where they lie here, by the names under which the loader looks for them. */
    static List<Path> of(Path runtime) throws IOException, InterruptedException {
        TreeSet<Path> found = new TreeSet<>();
        List<Path> programs;
        try (Stream<Path> files = Files.walk(runtime)) {
            programs = files.filter(file -> file.toString().endsWith(".so") || file.endsWith("bin/java"))
                    .toList();
        }
        for (Path program : programs) {
            Matcher lines = LINE.matcher(Command.output("ldd", program.toString()));
            while (lines.find()) {
                Path library = Path.of(lines.group(1));
                if (!library.normalize().startsWith(runtime)) {
                    found.add(library);
                }
            }
        }
        return List.copyOf(found);
    }

    /** The C library's licence, where this machine has it. */
    static List<Path> licences() {
        return LICENCES.stream().filter(Files::isRegularFile).toList();
    }
}
