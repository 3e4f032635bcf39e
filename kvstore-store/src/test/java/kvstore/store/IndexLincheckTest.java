package kvstore.store;

import kvstore.store.ChunkIndex.Slot;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Test;

/**
 * A stripe of the index gives, to several threads, answers that one thread could have had: Lincheck tries interleavings of
 * small programs and looks for one whose answers no order explains. The keys are chosen to meet in one slot.
 */
@Param(name = "key", gen = IntGen.class, conf = "0:2")
@Param(name = "segment", gen = IntGen.class, conf = "1:3")
public final class IndexLincheckTest {
    private final IndexStripe stripe = new IndexStripe();

    @Operation
    public int put(@Param(name = "key") int key, @Param(name = "segment") int segment) {
        Slot before = stripe.put(key, key, new Slot(segment, 1, 10), 5);
        return before == null ? 0 : before.segment();
    }

    @Operation
    public int get(@Param(name = "key") int key) {
        Slot slot = stripe.get(key, key, 7);
        return slot == null ? 0 : slot.segment();
    }

    @Operation
    public int remove(@Param(name = "key") int key) {
        Slot slot = stripe.remove(key, key, 0, 0);
        return slot == null ? 0 : slot.segment();
    }

    @Operation
    public boolean removeIfThere(@Param(name = "key") int key, @Param(name = "segment") int segment) {
        return stripe.remove(key, key, segment, 1) != null;
    }

    @Operation
    public long removeSegment(@Param(name = "segment") int segment) {
        long[] sums = new long[2];
        stripe.removeAll(segment, sums);
        return sums[0];
    }

    @Operation
    public long size() {
        return stripe.size();
    }

    @Test
    void everyInterleaving() {
        new ModelCheckingOptions()
                .iterations(10)
                .invocationsPerIteration(200)
                .threads(2)
                .actorsPerThread(3)
                .check(IndexLincheckTest.class);
    }

    @Test
    void underStress() {
        new StressOptions()
                .iterations(10)
                .invocationsPerIteration(500)
                .threads(3)
                .actorsPerThread(3)
                .check(IndexLincheckTest.class);
    }
}
