package kvstore.server.identity;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import kvstore.server.config.Sizes;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Reads {@code tenants.file}: a list {@code tenants}, checked as a whole, so that every mistake is said at once. */
final class TenantsFile {
    private static final int MAX_BYTES = 1 << 20;

    /** Each has time series of its own. */
    private static final int MAX_TENANTS = 256;

    private static final Pattern IDENTITY =
            Pattern.compile("anonymous|(?:dns|uri|email|ip|user):\\S{1,512}|uid:(?:0|[1-9][0-9]{0,9})");
    private static final Set<String> KEYS =
            Set.of("name", "identities", "quota", "in-flight", "require-cache-salt", "admin");

    private final Path file;
    private final List<String> problems = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, String> ownerOf = new HashMap<>();

    private TenantsFile(Path file) {
        this.file = file;
    }

    /** One tenant. */
    record Entry(String name, List<String> identities, TenantLimits limits) {}

    /** @throws IOException with every mistake, one a line, each with its place */
    static List<Entry> read(Path file) throws IOException {
        TenantsFile reader = new TenantsFile(file);
        try {
            LoadSettings settings =
                    LoadSettings.builder().setLabel(file.toString()).build();
            new Compose(settings).composeString(text(file)).ifPresent(reader::readRoot);
        } catch (MarkedYamlEngineException e) {
            reader.problems.add(file + ": is not YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            reader.problems.add(file + ": is not YAML: " + e.getMessage());
        }
        if (!reader.problems.isEmpty()) {
            throw new IOException("tenants.file: " + String.join("; ", reader.problems));
        }
        return reader.entries;
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new IOException("tenants.file: %s has more than %d bytes".formatted(file, MAX_BYTES));
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (NoSuchFileException e) {
            throw new IOException("tenants.file: there is no file " + file, e);
        } catch (CharacterCodingException e) {
            throw new IOException("tenants.file: %s is not UTF-8 text".formatted(file), e);
        }
    }

    private void readRoot(Node root) {
        if (!(root instanceof MappingNode mapping)
                || mapping.getValue().size() != 1
                || !scalar(mapping.getValue().getFirst().getKeyNode()).equals("tenants")
                || !(mapping.getValue().getFirst().getValueNode() instanceof SequenceNode list)) {
            problem(root, "the file has to be a list under the one key tenants");
            return;
        }
        if (list.getValue().size() > MAX_TENANTS) {
            problem(
                    list,
                    "has %d tenants; at most %d are allowed"
                            .formatted(list.getValue().size(), MAX_TENANTS));
        }
        list.getValue().forEach(this::readTenant);
    }

    private void readTenant(Node node) {
        if (!(node instanceof MappingNode mapping)) {
            problem(node, "a tenant has to be keys with values, name and identities among them");
            return;
        }
        Map<String, Node> values = new HashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            String key = scalar(tuple.getKeyNode());
            if (!KEYS.contains(key)) {
                problem(tuple.getKeyNode(), "%s is not a key; there are %s".formatted(key, sorted(KEYS)));
            } else if (values.put(key, tuple.getValueNode()) != null) {
                problem(tuple.getKeyNode(), key + " is set twice");
            }
        }
        String name = values.containsKey("name") ? scalar(values.get("name")) : "";
        if (!Tenant.isName(name)) {
            problem(
                    node,
                    "name \"%s\" is not 1 to 64 letters, digits and . _ -, the first a letter or digit"
                            .formatted(name));
        } else if (entries.stream().anyMatch(entry -> entry.name().equals(name))) {
            problem(node, "there are two tenants " + name);
        }
        TenantLimits limits = new TenantLimits(
                bytes("quota", values),
                bytes("in-flight", values),
                flag("require-cache-salt", values),
                flag("admin", values));
        entries.add(new Entry(name, identities(name, node, values), limits));
    }

    private List<String> identities(String name, Node tenant, Map<String, Node> values) {
        List<String> identities = new ArrayList<>();
        if (!(values.get("identities") instanceof SequenceNode list)
                || list.getValue().isEmpty()) {
            problem(tenant, "identities of %s has to be a list of one or more".formatted(name));
            return identities;
        }
        for (Node node : list.getValue()) {
            String identity = scalar(node);
            if (!IDENTITY.matcher(identity).matches()) {
                problem(
                        node,
                        "\"%s\" is no identity; there are dns:NAME, uri:URI, email:ADDRESS, ip:ADDRESS (of a certificate), uid:NUMBER, user:NAME and anonymous"
                                .formatted(identity));
            }
            String other = ownerOf.putIfAbsent(identity, name);
            if (other != null) {
                problem(node, "%s is an identity of %s already".formatted(identity, other));
            }
            identities.add(identity);
        }
        return identities;
    }

    private long bytes(String key, Map<String, Node> values) {
        Node node = values.get(key);
        if (node == null) {
            return TenantLimits.UNLIMITED;
        }
        try {
            return Sizes.parse(scalar(node));
        } catch (IllegalArgumentException e) {
            problem(node, "%s: \"%s\" %s".formatted(key, scalar(node), e.getMessage()));
            return 0;
        }
    }

    private boolean flag(String key, Map<String, Node> values) {
        Node node = values.get(key);
        if (node == null) {
            return false;
        }
        String text = scalar(node);
        if (!text.equals("true") && !text.equals("false")) {
            problem(node, "%s: \"%s\" is neither true nor false".formatted(key, text));
        }
        return text.equals("true");
    }

    private static String scalar(Node node) {
        return node instanceof ScalarNode scalar ? scalar.getValue() : "";
    }

    private static String sorted(Set<String> names) {
        return String.join(", ", names.stream().sorted().toList());
    }

    private void problem(Node node, String sentence) {
        Optional<Integer> line = node.getStartMark().map(mark -> mark.getLine() + 1);
        problems.add(file + line.map(number -> ":" + number).orElse("") + ": " + sentence);
    }
}
