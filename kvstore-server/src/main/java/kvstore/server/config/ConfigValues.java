package kvstore.server.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What every key was set to and by whom, not yet checked. */
public final class ConfigValues {
    /** Variables of the same prefix that are not keys: the client's and the launcher's options for Java. */
    private static final Set<String> OTHER_VARIABLES =
            Set.of("KVSTORE_TARGET", "KVSTORE_CA", "KVSTORE_CERT", "KVSTORE_CERT_KEY", "KVSTORE_JAVA_OPTS");

    private static final Map<String, Setting<?>> BY_VARIABLE =
            Settings.ALL.stream().collect(Collectors.toUnmodifiableMap(Setting::environmentName, setting -> setting));

    private final Map<String, Assignment> assignments = new HashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    private ConfigValues() {}

    /** Reads all sources, as {@link DaemonConfig#load}. What is wrong in them is said by {@link #bind}. */
    public static ConfigValues load(Optional<Path> file, Map<String, String> environment, List<String> sets) {
        ConfigValues values = new ConfigValues();
        Settings.ALL.forEach(setting -> values.assignments.put(setting.path(), Assignment.ofDefault(setting)));
        file.ifPresent(path -> values.assignments.putAll(YamlFile.read(path, values.problems)));
        new TreeMap<>(environment).forEach(values::setVariable);
        sets.forEach(values::set);
        return values;
    }

    /** What looks like a mistake but stops nothing. */
    public List<String> warnings() {
        return List.copyOf(warnings);
    }

    /**
     * Checks everything and gives it a type.
     *
     * @throws ConfigException with everything that is wrong, in all sources
     */
    public DaemonConfig bind() throws ConfigException {
        checkValues();
        return new ConfigBinder(this).bind();
    }

    /**
     * What holds for each key, in the order of the reference page. A missing {@code data.directory} is shown as empty.
     *
     * @throws ConfigException with every value that is wrong
     */
    public List<EffectiveValue> effective() throws ConfigException {
        checkValues();
        return Settings.ALL.stream()
                .map(setting -> new EffectiveValue(
                        setting.path(),
                        setting.effective(assignment(setting).text()),
                        assignment(setting).origin()))
                .toList();
    }

    private void checkValues() throws ConfigException {
        List<String> all = new ArrayList<>(problems);
        for (Setting<?> setting : Settings.ALL) {
            try {
                get(setting);
            } catch (IllegalArgumentException e) {
                Assignment assignment = assignment(setting);
                all.add("%s: %s: \"%s\" %s; allowed: %s"
                        .formatted(
                                assignment.origin(),
                                setting.path(),
                                assignment.text(),
                                e.getMessage(),
                                setting.type().allowed()));
            }
        }
        if (!all.isEmpty()) {
            throw new ConfigException(all);
        }
    }

    /** The value of {@code setting}; {@link IllegalArgumentException} if it is not right. */
    <T> T get(Setting<T> setting) {
        return setting.parse(assignment(setting).text());
    }

    Assignment assignment(Setting<?> setting) {
        Assignment assignment = assignments.get(setting.path());
        if (assignment == null) {
            throw new AssertionError(setting.path() + " is not in the table");
        }
        return assignment;
    }

    /** The sentence for a value that does not go with others. */
    String problem(Setting<?> setting, String sentence) {
        Assignment assignment = assignment(setting);
        return "%s: %s: \"%s\" %s".formatted(assignment.origin(), setting.path(), assignment.text(), sentence);
    }

    /** Key, value and who said so, for such a sentence. */
    String said(Setting<?> setting) {
        Assignment assignment = assignment(setting);
        return "%s \"%s\" (%s)".formatted(setting.path(), assignment.text(), assignment.origin());
    }

    private void setVariable(String name, String value) {
        Setting<?> setting = BY_VARIABLE.get(name);
        if (setting != null) {
            assignments.put(setting.path(), new Assignment(value, name));
        } else if (name.startsWith(Setting.ENVIRONMENT_PREFIX) && !OTHER_VARIABLES.contains(name)) {
            warnings.add("%s: is not a key and has no effect; did you mean %s?"
                    .formatted(name, KnownKeys.nearest(name, BY_VARIABLE.keySet())));
        }
    }

    private void set(String keyValue) {
        int equals = keyValue.indexOf('=');
        if (equals < 0) {
            problems.add("--set: \"%s\" is not key=value".formatted(keyValue));
            return;
        }
        String path = keyValue.substring(0, equals).strip();
        if (KnownKeys.isKnown(path)) {
            assignments.put(path, new Assignment(keyValue.substring(equals + 1).strip(), "--set"));
        } else {
            problems.add("--set: " + KnownKeys.unknown(path));
        }
    }
}
