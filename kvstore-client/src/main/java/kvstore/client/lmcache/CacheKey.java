package kvstore.client.lmcache;

/** A key of LMCache. It has two kinds, one for each of its modes, which never name the same value. */
public sealed interface CacheKey permits ObjectKey, EngineKey {
    /** Name of the model, with its slashes. */
    String model();
}
