package kvstore.lustre;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import kvstore.api.IoFailure;
import kvstore.lustre.DirectoryLayout.Outcome;
import kvstore.lustre.DirectoryLayout.Result;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that a directory has its layout before the first file is made in it. A layout is a matter of speed: what
 * goes wrong with it is told and never stops a file.
 */
final class DirectoryLayouts {
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryLayouts.class);

    private final DirectoryLayout layout;
    private final Optional<StripeLayout> wanted;
    private final ConcurrentMap<Path, Result> results = new ConcurrentHashMap<>();

    DirectoryLayouts(PosixCalls calls, Optional<StripeLayout> wanted) {
        this.layout = new DirectoryLayout(calls);
        this.wanted = wanted;
    }

    /** Sets the layout of a directory, the first time and after a failure; else does nothing. */
    Result prepare(Path directory) {
        return results.compute(
                directory.toAbsolutePath().normalize(),
                (path, before) -> before == null || before.outcome() == Outcome.FAILED ? apply(path, before) : before);
    }

    /** What became of the directories so far: the failure, if there is one. */
    Result found() {
        Result found = DirectoryLayout.off();
        for (Result result : results.values()) {
            if (found.outcome() != Outcome.FAILED) {
                found = result;
            }
        }
        return found;
    }

    private Result apply(Path directory, @Nullable Result before) {
        if (wanted.isEmpty()) {
            return DirectoryLayout.off();
        }
        Result result;
        try {
            result = layout.apply(directory, wanted.get());
        } catch (IoFailure e) {
            result = new Result(Outcome.FAILED, Optional.empty(), String.valueOf(e.getMessage()));
        }
        if (!result.equals(before)) {
            log(result);
        }
        return result;
    }

    private void log(Result result) {
        switch (result.outcome()) {
            case SET, KEPT ->
                LOG.atInfo().addKeyValue("layout", result.reason()).log("the stripe layout is as configured");
            case FAILED ->
                LOG.atWarn()
                        .addKeyValue("reason", result.reason())
                        .addKeyValue(
                                "wanted", wanted.map(StripeLayout::toString).orElse(""))
                        .log("segments get another stripe layout than is configured: have it set with lfs setstripe, or"
                                + " set lustre.set-layout to false");
            case NOT_LUSTRE, OFF -> {
                // nothing was done, as expected
            }
        }
    }
}
