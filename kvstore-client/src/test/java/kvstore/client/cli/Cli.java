package kvstore.client.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.NullMarked;

/** One run of the command line inside this JVM. */
@NullMarked
record Cli(int exitCode, ByteString stdout, String err) {
    static Cli run(String... args) {
        return runWithInput(new byte[0], args);
    }

    static Cli runWithInput(byte[] input, String... args) {
        return run(input, false, args);
    }

    /** As at a terminal, where somebody types this. */
    static Cli runAtTerminal(String typed, String... args) {
        return run(typed.getBytes(StandardCharsets.UTF_8), true, args);
    }

    private static Cli run(byte[] input, boolean terminal, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Main.run(
                new Console(new ByteArrayInputStream(input), new PrintStream(out), new PrintStream(err), terminal),
                args);
        return new Cli(exitCode, ByteString.copyFrom(out.toByteArray()), err.toString(StandardCharsets.UTF_8));
    }

    String out() {
        return stdout.toStringUtf8();
    }

    byte[] outBytes() {
        return stdout.toByteArray();
    }

    JsonObject json() {
        return JsonParser.parseString(out()).getAsJsonObject();
    }
}
