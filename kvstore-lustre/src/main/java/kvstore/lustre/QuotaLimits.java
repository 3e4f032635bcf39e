package kvstore.lustre;

import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import kvstore.api.FileSystemFacts;

/**
 * Makes the limit of a project what a directory has left, where it has one. {@code statfs} says so by itself only if new
 * files inherit the project. Asked every few seconds at most, because on Lustre all servers answer.
 */
final class QuotaLimits {
    private static final long LASTS_NANOS = TimeUnit.SECONDS.toNanos(5);

    private record Answer(ProjectQuota quota, long nanos) {}

    private final ProjectQuotas quotas;
    private final ConcurrentHashMap<Path, Answer> answers = new ConcurrentHashMap<>();

    QuotaLimits(PosixCalls calls) {
        this.quotas = new ProjectQuotas(calls);
    }

    /** The same facts, or less space. */
    FileSystemFacts within(FileSystemFacts facts, Path directory) {
        return switch (of(directory)) {
            case ProjectQuota.Limited quota ->
                new FileSystemFacts(
                        facts.type(),
                        Math.min(facts.totalBytes(), quota.limitBytes()),
                        Math.min(facts.availableBytes(), quota.availableBytes()));
            case ProjectQuota.Unavailable _ -> facts;
        };
    }

    private ProjectQuota of(Path directory) {
        long now = System.nanoTime();
        Answer last = answers.get(directory);
        if (last == null || now - last.nanos() > LASTS_NANOS) {
            last = new Answer(quotas.of(directory), now);
            answers.put(directory, last);
        }
        return last.quota();
    }
}
