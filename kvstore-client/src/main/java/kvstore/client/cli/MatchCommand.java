package kvstore.client.cli;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import kvstore.v1.HashAlgorithm;
import kvstore.v1.HashEra;
import kvstore.v1.HashScheme;
import kvstore.v1.InProcessKeys;
import kvstore.v1.MatchPrefixRequest;
import kvstore.v1.MatchPrefixResponse;
import kvstore.v1.MpKeys;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "match",
        description = {
            "Show how much of a prompt is here, by the keys that LMCache gives its chunks.",
            "The keys are those of `lmcache server`, or with --dtype those of LMCache inside the engine."
        })
final class MatchCommand implements KvStoreCommand {
    private static final Pattern BETWEEN_TOKENS = Pattern.compile("[\\s,\\[\\]]+");

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConnectionOptions connection;

    @Parameters(
            paramLabel = "FILE",
            description = "The prompt's token ids, as JSON or with blanks between; - for stdin.")
    private String file;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "NAME",
            description = "The model's name, as LMCache has it.")
    private String model;

    @Option(names = "--world-size", defaultValue = "1", description = "Workers. Default: ${DEFAULT-VALUE}.")
    private int worldSize;

    @Option(names = "--group", paramLabel = "ID", description = "An object group; may be given many times. Default: 0.")
    private List<Integer> groups = new ArrayList<>();

    @Option(names = "--salt", defaultValue = "", description = "The cache salt. Default: none.")
    private String salt;

    @Option(names = "--dtype", description = "For keys of LMCache inside the engine: such as bfloat16.")
    private @Nullable String dtype;

    @Option(
            names = "--tag",
            paramLabel = "NAME%%VALUE",
            description = "For the same keys: a tag, in the order of the keys.")
    private List<String> tags = new ArrayList<>();

    @Option(names = "--chunk-size", defaultValue = "256", description = "Tokens in a chunk. Default: ${DEFAULT-VALUE}.")
    private int chunkSize;

    @Option(names = "--partial-chunk", description = "A short end of the prompt is a chunk too (save_unfull_chunk).")
    private boolean partialChunk;

    @Option(
            names = "--hash-algorithm",
            paramLabel = "NAME",
            description = "blake3, sha256_cbor, sha256_cbor_64bit or builtin. Default: blake3, with --dtype builtin.")
    private @Nullable String algorithm;

    @Option(names = "--era", paramLabel = "NAME", description = "none, empty or folded. Default: that of this LMCache.")
    private @Nullable String era;

    @Option(names = "--none-hash", paramLabel = "HEX", defaultValue = "", description = "What begins the chain.")
    private String noneHash;

    MatchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        MatchPrefixRequest request = request();
        MatchPrefixResponse answer;
        try (Session session = connection.connect()) {
            answer = session.client().matchPrefix(request);
        }
        print(request.getTokenIdsCount(), answer);
        return (answer.getMatchedChunks() == answer.getChunks() ? ExitCode.OK : ExitCode.NO).code();
    }

    private MatchPrefixRequest request() {
        MatchPrefixRequest.Builder request = MatchPrefixRequest.newBuilder()
                .addAllTokenIds(tokens())
                .setChunkSize(chunkSize)
                .setPartialChunk(partialChunk)
                .setScheme(scheme());
        if (dtype == null) {
            request.setMp(MpKeys.newBuilder()
                    .setModelName(model)
                    .setWorldSize(worldSize)
                    .addAllObjectGroups(groups)
                    .setCacheSalt(salt));
        } else {
            request.setInProcess(InProcessKeys.newBuilder()
                    .setModelName(model)
                    .setWorldSize(worldSize)
                    .setDtype(dtype)
                    .addAllTags(tags));
        }
        return request.build();
    }

    private HashScheme scheme() {
        String name = algorithm != null ? algorithm : dtype == null ? "blake3" : "builtin";
        HashScheme.Builder scheme = HashScheme.newBuilder()
                .setAlgorithm(Words.constant(HashAlgorithm.class, "HASH_ALGORITHM_", name, "--hash-algorithm"));
        if (era != null) {
            scheme.setEra(Words.constant(HashEra.class, "HASH_ERA_", era, "--era"));
        }
        try {
            return scheme.setNoneHash(ByteString.fromHex(noneHash)).build();
        } catch (NumberFormatException e) {
            throw new CommandFailure(ExitCode.USAGE, "--none-hash: '%s' is not hexadecimal".formatted(noneHash), e);
        }
    }

    private List<Integer> tokens() {
        List<Integer> tokens = new ArrayList<>();
        for (String token : BETWEEN_TOKENS
                .splitAsStream(text())
                .filter(text -> !text.isEmpty())
                .toList()) {
            try {
                tokens.add(Integer.parseUnsignedInt(token));
            } catch (NumberFormatException e) {
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "%s: token %d, '%s', is no number of 32 bits".formatted(file, tokens.size() + 1, token),
                        e);
            }
        }
        if (tokens.isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE, file + ": there is no token in it");
        }
        return tokens;
    }

    private String text() {
        try {
            return file.equals(Payload.STANDARD_STREAM)
                    ? new String(console.in().readAllBytes(), StandardCharsets.UTF_8)
                    : Files.readString(Path.of(file));
        } catch (NoSuchFileException _) {
            throw new CommandFailure(ExitCode.USAGE, "there is no file " + file);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read %s: %s".formatted(file, e.getMessage()), e);
        }
    }

    private void print(int tokens, MatchPrefixResponse answer) {
        PrintWriter out = spec.commandLine().getOut();
        String missing = answer.getMissingKey().toStringUtf8();
        if (connection.json()) {
            out.println(Json.write(Json.object(
                    "tokens", tokens,
                    "matched_tokens", answer.getMatchedTokens(),
                    "matched_bytes", answer.getMatchedBytes(),
                    "chunks", answer.getChunks(),
                    "checked_chunks", answer.getCheckedChunks(),
                    "matched_chunks", answer.getMatchedChunks(),
                    "missing_key", missing)));
            return;
        }
        out.println("%d of %d tokens (%d of %d chunks, %s)"
                .formatted(
                        answer.getMatchedTokens(),
                        tokens,
                        answer.getMatchedChunks(),
                        answer.getChunks(),
                        Words.size(answer.getMatchedBytes())));
        if (!missing.isEmpty()) {
            out.println("first missing: " + missing);
        }
    }
}
