package kvstore.dist;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What is inside, and under which licence: the CycloneDX list that Maven's plugin made of the libraries, and the Java runtime.
 * The texts of the licences are in the jars themselves and in the runtime's {@code legal} directory.
 */
final class Inventory {
    /** Of libraries; of a choice one is enough. BSD-4-Clause is what the plugin reads in JLine's "The BSD License". */
    private static final Set<String> ACCEPTED =
            Set.of("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "CC0-1.0", "EPL-2.0", "MIT");

    private static final String OWN_GROUP = "kvstore";
    private static final String RUNTIME_GROUP = "openjdk";
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private final JsonObject document;

    /** From the file that the plugin wrote. */
    Inventory(Path libraries) throws IOException {
        document = GSON.fromJson(Files.readString(libraries), JsonObject.class);
        document.getAsJsonArray("components").add(runtime());
    }

    /**
     * A library, or the runtime.
     *
     * @param licences names of SPDX where there is one; the user may choose
     */
    record Component(String group, String name, String version, List<String> licences) {
        boolean isOwn() {
            return group.equals(OWN_GROUP);
        }

        boolean isAccepted() {
            return licences.stream().anyMatch(ACCEPTED::contains);
        }
    }

    /** The list in CycloneDX's JSON. */
    String json() {
        return GSON.toJson(document) + "\n";
    }

    /** All that is not ours, the runtime last. */
    List<Component> thirdParties() {
        List<Component> found = new ArrayList<>();
        for (JsonElement element : document.getAsJsonArray("components")) {
            Component component = component(element.getAsJsonObject());
            if (!component.isOwn()) {
                found.add(component);
            }
        }
        return found;
    }

    /** For people. */
    String text() {
        return thirdParties().stream()
                .map(each -> "%s %s %s: %s%n"
                        .formatted(each.group(), each.name(), each.version(), String.join(" or ", each.licences())))
                .collect(Collectors.joining("", """
                        Software of others in this package, and its licences. The texts are in META-INF of each jar in
                        /usr/lib/kvstore/lib, and in /usr/lib/kvstore/runtime/legal.

                        """, ""));
    }

    /**
     * Fails for a library whose licence nobody has agreed to.
     *
     * @throws IOException with all of them
     */
    void requireAccepted() throws IOException {
        List<Component> others = thirdParties().stream()
                .filter(each -> !each.isAccepted() && !each.group().equals(RUNTIME_GROUP))
                .toList();
        if (!others.isEmpty()) {
            throw new IOException("licences that nobody has agreed to: " + others);
        }
    }

    private static JsonObject runtime() {
        JsonObject licence = new JsonObject();
        licence.addProperty("id", "GPL-2.0-with-classpath-exception");
        JsonObject choice = new JsonObject();
        choice.add("license", licence);
        JsonArray licences = new JsonArray();
        licences.add(choice);
        JsonObject runtime = new JsonObject();
        runtime.addProperty("type", "platform");
        runtime.addProperty("group", RUNTIME_GROUP);
        runtime.addProperty("name", System.getProperty("java.vendor"));
        runtime.addProperty("version", System.getProperty("java.runtime.version"));
        runtime.add("licenses", licences);
        return runtime;
    }

    private static Component component(JsonObject json) {
        List<String> licences = new ArrayList<>();
        if (json.has("licenses")) {
            for (JsonElement element : json.getAsJsonArray("licenses")) {
                JsonObject choice = element.getAsJsonObject();
                if (choice.has("expression")) {
                    licences.add(choice.get("expression").getAsString());
                } else {
                    JsonObject licence = choice.getAsJsonObject("license");
                    licences.add(licence.get(licence.has("id") ? "id" : "name").getAsString());
                }
            }
        }
        return new Component(
                json.get("group").getAsString(),
                json.get("name").getAsString(),
                json.get("version").getAsString(),
                licences);
    }
}
