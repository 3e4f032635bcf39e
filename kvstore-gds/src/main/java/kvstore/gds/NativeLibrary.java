package kvstore.gds;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import kvstore.gds.Availability.Available;
import kvstore.gds.Availability.Unavailable;

/**
 * A shared library that is looked for, opened, and never closed: its threads and exit handlers may outlive every caller.
 * The way in for {@link CuFile} and {@link Cuda}, which alone call what is found.
 */
final class NativeLibrary {
    private static final Linker LINKER = Linker.nativeLinker();

    private final String place;
    private final SymbolLookup symbols;

    private NativeLibrary(String place, SymbolLookup symbols) {
        this.place = place;
        this.symbols = symbols;
    }

    /**
     * Opens the first library that can be opened.
     *
     * @param name its file name, which is also asked of the system's loader
     * @param configured the only path to try, or an empty string for the usual places
     * @param directories the usual places
     */
    static Availability<NativeLibrary> find(String name, String configured, List<String> directories) {
        List<String> tried = new ArrayList<>();
        if (!configured.isEmpty()) {
            return openFile(Path.of(configured), tried)
                    .<Availability<NativeLibrary>>map(Available::new)
                    .orElseGet(() -> missing(name, tried));
        }
        for (String directory : directories) {
            Optional<NativeLibrary> opened = openFile(Path.of(directory, name), tried);
            if (opened.isPresent()) {
                return new Available<>(opened.get());
            }
        }
        return openByName(name, tried)
                .<Availability<NativeLibrary>>map(Available::new)
                .orElseGet(() -> missing(name, tried));
    }

    /** The path or name it was opened by. */
    String place() {
        return place;
    }

    /** A function of the library; empty if this release does not have it. */
    @SuppressWarnings("restricted")
    Optional<MethodHandle> function(String symbol, FunctionDescriptor descriptor, Linker.Option... options) {
        return symbols.find(symbol).map(address -> LINKER.downcallHandle(address, descriptor, options));
    }

    private static Unavailable<NativeLibrary> missing(String name, List<String> tried) {
        return new Unavailable<>(name + " not found: " + String.join(", ", tried));
    }

    @SuppressWarnings("restricted")
    private static Optional<NativeLibrary> openFile(Path file, List<String> tried) {
        if (!Files.exists(file)) {
            tried.add(file + " does not exist");
            return Optional.empty();
        }
        try {
            return Optional.of(new NativeLibrary(file.toString(), SymbolLookup.libraryLookup(file, Arena.global())));
        } catch (IllegalArgumentException e) {
            tried.add(file + " cannot be opened (" + e.getMessage() + ")");
            return Optional.empty();
        }
    }

    @SuppressWarnings("restricted")
    private static Optional<NativeLibrary> openByName(String name, List<String> tried) {
        try {
            return Optional.of(new NativeLibrary(name, SymbolLookup.libraryLookup(name, Arena.global())));
        } catch (IllegalArgumentException _) {
            tried.add("the system's loader does not know it");
            return Optional.empty();
        }
    }
}
