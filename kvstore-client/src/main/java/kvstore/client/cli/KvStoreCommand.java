package kvstore.client.cli;

import java.util.concurrent.Callable;

/**
 * A subcommand of {@code kvstore}, found by {@link java.util.ServiceLoader}.
 *
 * <p>An implementation is public, has a public constructor without parameters, and carries picocli's {@code @Command} with
 * its name. It writes what was asked for to its {@code CommandLine}'s {@code getOut()}, returns the {@link ExitCode#code}
 * that fits, and throws {@link CommandFailure} for what shall be one sentence on stderr. {@code --help}, {@code --version},
 * {@code --verbose} and the list of exit codes come by themselves; {@code Target}, {@code Duration} (as in {@code 30s}) and
 * {@code ChunkKey} can be types of options.
 */
public interface KvStoreCommand extends Callable<Integer> {}
