package kvstore.bench.mount;

import java.nio.file.Path;
import java.util.List;
import kvstore.client.cli.Table;
import kvstore.lustre.MountCheck;
import kvstore.lustre.MountCheck.Verdict;

/** What {@code kvstore verify-mount} prints. */
final class MountReport {
    private final Path directory;
    private final List<MountCheck> checks;

    MountReport(Path directory, List<MountCheck> checks) {
        this.directory = directory;
        this.checks = checks;
    }

    /** Whether the store can rely on the directory. */
    boolean isFit() {
        return count(Verdict.FAILED) == 0;
    }

    private long count(Verdict verdict) {
        return checks.stream().filter(check -> check.verdict() == verdict).count();
    }

    private static String word(Verdict verdict) {
        return switch (verdict) {
            case OK -> "ok";
            case NOTE -> "note";
            case FAILED -> "FAILED";
        };
    }

    /** A line for each check, a second one where something is to change, and the sum. */
    @Override
    public String toString() {
        Table table = new Table();
        for (MountCheck check : checks) {
            table.add(word(check.verdict()), check.name(), check.found());
            if (!check.change().isEmpty()) {
                table.add("", "", "-> " + check.change());
            }
        }
        return table
                + "\n%s is %s for kvstore: %d failed, %d to look at\n"
                        .formatted(directory, isFit() ? "fit" : "NOT fit", count(Verdict.FAILED), count(Verdict.NOTE));
    }
}
