package kvstore.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The house of {@code docs/explanation/architecture.md}: who may know whom. This module's class path has all of them. */
final class ArchitectureTest {
    private static final String LUSTRE = "kvstore.lustre..";
    private static final String GDS = "kvstore.gds..";

    /** For each library one class that calls it; the others ask for permission, or for the library. */
    private static final String NATIVE =
            "kvstore\\.lustre\\.(Libc|NativeAccess)|kvstore\\.gds\\.(CuFile|Cuda|NativeLibrary)";

    static final List<Module> MODULES = List.of(
            new Module("v1"),
            new Module("api"),
            new Module("store", "api"),
            new Module("lustre", "api"),
            new Module("gds", "api"),
            new Module("client", "v1", "api"),
            new Module("server", "v1", "api", "store", "lustre", "gds", "client"),
            new Module("bench", "v1", "api", "lustre", "gds", "client"));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("kvstore");

    /**
     * A module of the build.
     *
     * @param name its packages are {@code kvstore.}, its name, and what is under that
     * @param mayKnow names of other modules
     */
    record Module(String name, Set<String> mayKnow) {
        Module(String name, String... mayKnow) {
            this(name, Set.of(mayKnow));
        }

        String packages() {
            return "kvstore." + name + "..";
        }
    }

    @ParameterizedTest
    @FieldSource("MODULES")
    void knowsOnlyWhomItMayKnow(Module module) {
        String[] others = MODULES.stream()
                .filter(other -> !other.equals(module) && !module.mayKnow().contains(other.name()))
                .map(Module::packages)
                .toArray(String[]::new);

        noClasses()
                .that()
                .resideInAPackage(module.packages())
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(others)
                .check(CLASSES);
    }

    @Test
    void everyPackageBelongsToAModule() {
        classes()
                .should()
                .resideInAnyPackage(MODULES.stream().map(Module::packages).toArray(String[]::new))
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("kvstore.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void eachLibraryIsCalledByOneClass() {
        noClasses()
                .that()
                .haveNameNotMatching(NATIVE)
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Linker.class, SymbolLookup.class)
                .check(CLASSES);
    }

    @Test
    void onlyLustreAndGdsTouchForeignMemory() {
        noClasses()
                .that()
                .resideOutsideOfPackages(LUSTRE, GDS)
                .should()
                .callMethod(MemorySegment.class, "reinterpret", long.class)
                .check(CLASSES);
    }

    @Test
    void theStoreKnowsNoNetwork() {
        noClasses()
                .that()
                .resideInAnyPackage("kvstore.store..", "kvstore.api..", LUSTRE, GDS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.grpc..", "io.netty..", "com.google.protobuf..")
                .check(CLASSES);
    }

    @Test
    void internalsOfTheJdkAreLeftAlone() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("sun..", "jdk.internal..")
                .check(CLASSES);
    }

    @Test
    void logsGoThroughSlf4j() {
        noClasses()
                .that()
                .resideOutsideOfPackages("kvstore.client.cli..", "kvstore.server.log..")
                .should(USE_JAVA_UTIL_LOGGING)
                .because("only these two lead what libraries write there to where it belongs")
                .check(CLASSES);
    }

    @Test
    void onlyTheCommandLineWritesToTheStandardStreams() {
        noClasses()
                .that()
                .resideOutsideOfPackages("kvstore.client.cli..", "kvstore.bench..")
                .should(ACCESS_STANDARD_STREAMS)
                .check(CLASSES);
    }
}
