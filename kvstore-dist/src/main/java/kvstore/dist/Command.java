package kvstore.dist;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Programs of the machine that builds. */
final class Command {
    private Command() {}

    /**
     * Runs one without input.
     *
     * @return its standard output
     * @throws IOException if it fails
     */
    static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(List.of(command) + " ended with " + status + ": " + output);
        }
        return output;
    }
}
