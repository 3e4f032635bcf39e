package kvstore.client.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** What {@code kvstore} tells the shell. The same for every subcommand. */
public enum ExitCode {
    OK(0, "done; everything asked for was there"),
    NO(1, "the answer is no: a miss, not all found, or shed"),
    USAGE(2, "wrong usage"),
    UNREACHABLE(3, "the daemon cannot be reached, is not ready, or did not answer in time"),
    FAILED(4, "the daemon refused or failed, or a local file did"),
    WRONG_DATA(5, "data came back other than it was put");

    private final int code;
    private final String meaning;

    ExitCode(int code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }

    public int code() {
        return code;
    }

    /** For the end of every {@code --help}. */
    static Map<String, String> help() {
        Map<String, String> lines = new LinkedHashMap<>();
        for (ExitCode exitCode : values()) {
            lines.put(Integer.toString(exitCode.code), exitCode.meaning);
        }
        return lines;
    }
}
