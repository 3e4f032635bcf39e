package kvstore.api;

import java.nio.file.Path;

/**
 * An engine over another one: what it does not do itself, the one below does. Extended rather than written again by each
 * layer, so that none answers with a default of {@link IoEngine} where the engine below knows better.
 */
public abstract class ForwardingEngine implements IoEngine {
    private final IoEngine engine;

    /** @param engine closed with this one, unless {@link #close} is overridden */
    protected ForwardingEngine(IoEngine engine) {
        this.engine = engine;
    }

    /** The engine below. */
    protected final IoEngine below() {
        return engine;
    }

    /** A file of the engine below, as this layer hands it out. */
    protected abstract IoFile wrap(IoFile file);

    @Override
    public IoPath path() {
        return engine.path();
    }

    @Override
    public String reason() {
        return engine.reason();
    }

    @Override
    public IoFile create(Path file, long sizeBytes) throws IoFailure {
        return wrap(engine.create(file, sizeBytes));
    }

    @Override
    public IoFile open(Path file) throws IoFailure {
        return wrap(engine.open(file));
    }

    @Override
    public FileSystemFacts facts(Path directory) throws IoFailure {
        return engine.facts(directory);
    }

    @Override
    public long allocatedBytes(Path file) throws IoFailure {
        return engine.allocatedBytes(file);
    }

    @Override
    public void close() {
        engine.close();
    }
}
