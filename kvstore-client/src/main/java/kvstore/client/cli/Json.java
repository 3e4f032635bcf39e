package kvstore.client.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes JSON (RFC 8259) for {@code --json}. */
public final class Json {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private Json() {}

    /** A map in the order given: a name, its value, a name, its value, ... */
    public static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return object;
    }

    /** A message with all its fields by their names in the contract, also those that are 0; of enums what tells them
     * apart. */
    public static Map<String, Object> of(Message message) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            Object value = message.getField(field);
            object.put(
                    field.getName(),
                    value instanceof List<?> list
                            ? list.stream().map(each -> of(field, each)).toList()
                            : of(field, value));
        }
        return object;
    }

    private static Object of(FieldDescriptor field, Object value) {
        return switch (value) {
            case Message message -> of(message);
            case EnumValueDescriptor constant -> word(field.getEnumType().getName(), constant.getName());
            case ByteString bytes -> bytes.toStringUtf8();
            default -> value;
        };
    }

    /** A constant without what all of its kind begin with: {@code KEY_STATE_HERE} of {@code KeyState} is "here". */
    private static String word(String type, String constant) {
        String prefix = type.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT) + "_";
        return (constant.startsWith(prefix) ? constant.substring(prefix.length()) : constant).toLowerCase(Locale.ROOT);
    }

    /**
     * One JSON value on one line.
     *
     * @param value a {@code Map} with keys that are strings, a {@code List}, {@code String}, {@code Boolean}, or a number;
     *     maps and lists hold the same
     * @throws IllegalArgumentException for NaN and infinities
     */
    public static String write(Object value) {
        return GSON.toJson(value);
    }
}
