package kvstore.client.cli;

import com.google.protobuf.ByteString;
import kvstore.api.ChunkKey;
import kvstore.client.lmcache.KeyParts;
import kvstore.v1.ListedChunk;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which of the listed keys are wanted: a picocli mixin. */
final class ChunkFilter {
    @Option(names = "--model", paramLabel = "NAME", description = "Only keys of this model, as LMCache writes them.")
    private @Nullable String model;

    @Option(
            names = "--rank",
            paramLabel = "RANK",
            description = "Only keys of this rank: 8 hexadecimal digits (multiprocess mode) or a worker's number.")
    private @Nullable String rank;

    @Option(
            names = "--namespace",
            paramLabel = "NAME",
            description = "Only keys of this namespace; '' is that of gRPC and RESP clients.")
    private @Nullable String namespace;

    /** What all wanted keys begin with, so that the daemon sends fewer of the others. */
    ByteString prefix() {
        return model == null ? ByteString.EMPTY : ByteString.copyFromUtf8(model + "@");
    }

    boolean wants(ListedChunk chunk, ChunkKey key) {
        if (namespace != null && !namespace.equals(chunk.getNamespace())) {
            return false;
        }
        if (model == null && rank == null) {
            return true;
        }
        KeyParts parts = KeyParts.of(key);
        return (model == null || model.equals(parts.model())) && (rank == null || rank.equals(parts.rank()));
    }
}
