package kvstore.lustre;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;

/**
 * The permission to make native calls, asked for before {@link Libc} is touched so that its absence has a clear text.
 */
final class NativeAccess {
    private NativeAccess() {}

    /**
     * Returns if native calls are allowed.
     *
     * @throws IllegalStateException if the Java runtime was told to deny them; the message has the flag that cures it
     */
    @SuppressWarnings("restricted")
    static void require() {
        try {
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid());
        } catch (IllegalCallerException e) {
            Module module = NativeAccess.class.getModule();
            String name = module.isNamed() ? module.getName() : "ALL-UNNAMED";
            throw new IllegalStateException(
                    "kvstore reads and writes through libc, and this Java runtime denies native calls: add"
                            + " --enable-native-access=" + name + " to the java command line",
                    e);
        }
    }
}
