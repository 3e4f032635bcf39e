package kvstore.server.clear;

import java.nio.charset.StandardCharsets;
import kvstore.api.ChunkKey;
import kvstore.client.lmcache.KeyParts;

/** What shall be forgotten. */
public sealed interface Scope {
    /** Whether this key is meant. */
    boolean has(ChunkKey key);

    /** What all keys that are meant begin with. */
    default byte[] prefix() {
        return new byte[0];
    }

    /** Everything. */
    record All() implements Scope {
        @Override
        public boolean has(ChunkKey key) {
            return true;
        }

        @Override
        public String toString() {
            return "all";
        }
    }

    /** What LMCache's keys say is of this model. */
    record Model(String name) implements Scope {
        @Override
        public boolean has(ChunkKey key) {
            return KeyParts.of(key).model().equals(name);
        }

        @Override
        public byte[] prefix() {
            return (name + "@").getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public String toString() {
            return "model " + name;
        }
    }

    /** Of this namespace; empty is that of gRPC and RESP clients. */
    record Namespace(String name) implements Scope {
        @Override
        public boolean has(ChunkKey key) {
            return key.namespace().equals(name);
        }

        @Override
        public String toString() {
            return "namespace '" + name + "'";
        }
    }
}
