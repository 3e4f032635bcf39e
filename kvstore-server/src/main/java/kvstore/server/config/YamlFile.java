package kvstore.server.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Reads a YAML file into texts by key. It stops at YAML's nodes, before a schema turns {@code 0660} into the number 432,
 * and because nodes know their line.
 */
final class YamlFile {
    private static final int MAX_BYTES = 1 << 20;

    private final Path file;
    private final List<String> problems;
    private final Map<String, Assignment> assignments = new HashMap<>();

    private YamlFile(Path file, List<String> problems) {
        this.file = file;
        this.problems = problems;
    }

    /** The keys that {@code file} sets. What is wrong with it goes to {@code problems}. */
    static Map<String, Assignment> read(Path file, List<String> problems) {
        YamlFile reader = new YamlFile(file, problems);
        try {
            LoadSettings settings =
                    LoadSettings.builder().setLabel(file.toString()).build();
            new Compose(settings).composeString(text(file)).ifPresent(reader::readRoot);
        } catch (NoSuchFileException _) {
            problems.add(file + ": there is no such file");
        } catch (CharacterCodingException _) {
            problems.add(file + ": is not UTF-8 text");
        } catch (IOException e) {
            problems.add(file + ": cannot be read: " + e.getMessage());
        } catch (MarkedYamlEngineException e) {
            problems.add(reader.place(e.getProblemMark()) + ": is not YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            problems.add(file + ": is not YAML: " + e.getMessage());
        }
        return reader.assignments;
    }

    /** A path may name a device that never ends. */
    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new IOException("it has more than " + MAX_BYTES + " bytes");
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        }
    }

    private void readRoot(Node root) {
        if (isNull(root)) {
            return;
        }
        if (root instanceof MappingNode mapping) {
            mapping.getValue().forEach(tuple -> readTop(tuple));
        } else {
            problems.add(place(root) + ": the file has to consist of lines with key: value");
        }
    }

    private void readTop(NodeTuple tuple) {
        String name = keyText(tuple.getKeyNode());
        if (!KnownKeys.isSection(name)) {
            readValue(name, tuple);
        } else if (tuple.getValueNode() instanceof MappingNode section) {
            section.getValue().forEach(inner -> readValue(name + "." + keyText(inner.getKeyNode()), inner));
        } else if (!isNull(tuple.getValueNode())) {
            problems.add("%s: %s: is a section, whose keys stand indented below it"
                    .formatted(place(tuple.getKeyNode()), name));
        }
    }

    private void readValue(String path, NodeTuple tuple) {
        String place = place(tuple.getKeyNode());
        if (!KnownKeys.isKnown(path)) {
            problems.add("%s: %s".formatted(place, KnownKeys.unknown(path)));
            return;
        }
        if (!(tuple.getValueNode() instanceof ScalarNode scalar)) {
            problems.add("%s: %s: takes one value, not several".formatted(place, path));
            return;
        }
        Assignment assignment = new Assignment(isNull(scalar) ? "" : scalar.getValue(), place);
        Assignment first = assignments.putIfAbsent(path, assignment);
        if (first != null) {
            problems.add("%s: %s: is set twice, first at %s".formatted(place, path, first.origin()));
        }
    }

    private static String keyText(Node key) {
        return key instanceof ScalarNode scalar
                ? scalar.getValue()
                : key.getTag().getValue();
    }

    private static boolean isNull(Node node) {
        return node.getTag().equals(Tag.NULL);
    }

    private String place(Node node) {
        return place(node.getStartMark());
    }

    private String place(Optional<Mark> mark) {
        return mark.map(at -> file + ":" + (at.getLine() + 1)).orElse(file.toString());
    }
}
