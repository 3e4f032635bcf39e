package kvstore.gds;

import kvstore.gds.Availability.Available;
import kvstore.testkit.GpuStubs;

/** The stand-ins for the GPU's libraries, with this module's own view of them. */
final class Stubs extends GpuStubs {
    private Stubs() {}

    /** The stand-ins, faultless. Aborts the test where there is no compiler. */
    static Stubs ready() {
        return new Stubs();
    }

    Cuda cuda() {
        return ((Available<Cuda>) Cuda.load(cudaPath())).value();
    }

    CuFile cuFile() {
        return ((Available<CuFile>) CuFile.load(cuFilePath())).value();
    }
}
