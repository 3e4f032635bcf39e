package kvstore.client.lmcache;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The first 4096 bytes of a file of {@code GdsBackend}, and all of its {@code .metadata} (0.5.6,
 * {@code v1/storage_backend/gds_backend.py}): a length of 8 bytes, JSON in the manner of safetensors, blanks.
 *
 * @param dtype of the elements
 * @param shape 1 to 4 dimensions, each at least 1
 * @param length of the payload in bytes, which is what dtype and shape make
 * @param format code of the memory format
 */
record GdsHeader(Dtype dtype, List<Integer> shape, long length, int format) {
    static final int BYTES = 4096;

    private static final int JSON_BYTES = BYTES - Long.BYTES;
    private static final int MAX_DIMENSIONS = 4;
    private static final String VERSION = "1";
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,17}");
    private static final TypeAdapter<JsonElement> JSON = new Gson().getAdapter(JsonElement.class);

    GdsHeader {
        shape = List.copyOf(shape);
    }

    /** What the in-process connectors put before the same payload. */
    RemoteMetadata remoteMetadata() {
        List<Integer> padded = new ArrayList<>(shape);
        padded.addAll(Collections.nCopies(MAX_DIMENSIONS - shape.size(), 0));
        return new RemoteMetadata(
                Math.toIntExact(length), format, List.of(new RemoteMetadata.Group(dtype.code(), padded)));
    }

    /**
     * The header of a value that an in-process connector stored.
     *
     * @throws UnusableException with {@link SkipReason#NOT_NAMEABLE} if this format cannot say what it is
     */
    static GdsHeader of(RemoteMetadata metadata) throws UnusableException {
        RemoteMetadata.Group group = metadata.groups().getFirst();
        Dtype dtype = Dtype.ofCode(group.dtype())
                .filter(_ -> metadata.groups().size() == 1)
                .orElseThrow(() -> new UnusableException(
                        SkipReason.NOT_NAMEABLE, "several groups, or no tensor: the gds header has one tensor"));
        List<Integer> shape = new ArrayList<>(group.shape());
        while (shape.size() > 1 && shape.getLast() == 0) {
            shape.removeLast();
        }
        try {
            return checked(dtype, shape, metadata.length(), metadata.format());
        } catch (UnusableException e) {
            throw new UnusableException(SkipReason.NOT_NAMEABLE, String.valueOf(e.getMessage()));
        }
    }

    /** The header as LMCache writes it. */
    byte[] bytes() {
        // spaces as in Python's json.dumps, so that a tree reads the same whoever wrote it
        String json = ("{\"kvcache\": {\"dtype\": \"%s\", \"shape\": %s, \"data_offsets\": [0, %d], \"fmt\": %d, "
                        + "\"__metadata__\": {\"lmcache_version\": \"%s\"}}}")
                .formatted(dtype.label(), shape, length, format, VERSION);
        byte[] header = new byte[BYTES];
        Arrays.fill(header, (byte) ' ');
        ByteBuffer.wrap(header)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(JSON_BYTES)
                .put(json.getBytes(StandardCharsets.US_ASCII));
        return header;
    }

    /**
     * Reads a header.
     *
     * @param bytes what was read of it
     * @throws UnusableException with {@link SkipReason#BAD_HEADER}
     */
    static GdsHeader parse(byte[] bytes) throws UnusableException {
        if (bytes.length != BYTES) {
            throw bad("torn: %d of %d bytes".formatted(bytes.length, BYTES));
        }
        long jsonBytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (jsonBytes < 2 || jsonBytes > JSON_BYTES) {
            throw bad("it announces %s bytes of JSON, and there is room for %d"
                    .formatted(Long.toUnsignedString(jsonBytes), JSON_BYTES));
        }
        JsonObject tensor = object(object(json(bytes, (int) jsonBytes), "kvcache"), null);
        String version = string(object(tensor.get("__metadata__"), null).get("lmcache_version"), "lmcache_version");
        if (!version.equals(VERSION)) {
            throw bad("lmcache_version is not " + VERSION);
        }
        if (tensor.has("shapes") || tensor.has("dtypes")) {
            throw bad("several groups of layers, which LMCache 0.5.6 does not write");
        }
        String label = string(tensor.get("dtype"), "dtype");
        Dtype dtype = Dtype.ofLabel(label).orElseThrow(() -> bad("there is no such dtype"));
        List<Long> offsets = numbers(tensor.get("data_offsets"), "data_offsets");
        if (offsets.size() != 2 || offsets.getFirst() != 0) {
            throw bad("data_offsets are not [0, length]");
        }
        List<Integer> shape = new ArrayList<>();
        for (long dimension : numbers(tensor.get("shape"), "shape")) {
            if (dimension > Integer.MAX_VALUE) {
                throw bad("a dimension of " + dimension);
            }
            shape.add((int) dimension);
        }
        long format = number(tensor.get("fmt"), "fmt");
        if (format > Integer.MAX_VALUE) {
            throw bad("fmt is " + format);
        }
        return checked(dtype, shape, offsets.getLast(), (int) format);
    }

    private static GdsHeader checked(Dtype dtype, List<Integer> shape, long length, int format)
            throws UnusableException {
        if (dtype.code() < 0) {
            throw bad("LMCache has no code for dtype %s in RemoteMetadata".formatted(dtype.label()));
        }
        if (shape.isEmpty() || shape.size() > MAX_DIMENSIONS) {
            throw bad("%d dimensions, not 1 to %d".formatted(shape.size(), MAX_DIMENSIONS));
        }
        long bytes = dtype.elementBytes();
        for (int dimension : shape) {
            // stays below 2^62, as both factors are below 2^31
            bytes *= dimension;
            if (bytes < 1 || bytes > Integer.MAX_VALUE) {
                throw bad("a shape of %s is no chunk".formatted(shape));
            }
        }
        if (bytes != length) {
            throw bad("%d bytes announced, and %s of %s are %d".formatted(length, shape, dtype.label(), bytes));
        }
        return new GdsHeader(dtype, shape, length, format);
    }

    private static JsonElement json(byte[] bytes, int length) throws UnusableException {
        try (JsonReader reader = new JsonReader(new StringReader(StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes, Long.BYTES, length))
                .toString()))) {
            reader.setStrictness(Strictness.STRICT);
            return JSON.read(reader);
        } catch (CharacterCodingException e) {
            throw bad("not UTF-8");
        } catch (IOException | JsonParseException | NumberFormatException | IllegalStateException e) {
            throw bad("no JSON");
        }
    }

    private static JsonObject object(@Nullable JsonElement element, @Nullable String member) throws UnusableException {
        JsonElement found = element instanceof JsonObject object && member != null ? object.get(member) : element;
        if (found instanceof JsonObject object) {
            return object;
        }
        throw bad("no JSON object where one belongs");
    }

    private static String string(@Nullable JsonElement element, String name) throws UnusableException {
        if (element instanceof JsonPrimitive primitive && primitive.isString()) {
            return primitive.getAsString();
        }
        throw bad("no text in " + name);
    }

    private static long number(@Nullable JsonElement element, String name) throws UnusableException {
        // by its digits: 1e999 must not become a number of a gigabyte
        if (element instanceof JsonPrimitive primitive
                && primitive.isNumber()
                && NUMBER.matcher(primitive.getAsString()).matches()) {
            return Long.parseLong(primitive.getAsString());
        }
        throw bad("no number in " + name + (element == null ? ": written by an older LMCache?" : ""));
    }

    private static List<Long> numbers(@Nullable JsonElement element, String name) throws UnusableException {
        if (element == null || !element.isJsonArray()) {
            throw bad("no list in " + name);
        }
        List<Long> numbers = new ArrayList<>();
        for (JsonElement each : element.getAsJsonArray()) {
            numbers.add(number(each, name));
        }
        return numbers;
    }

    private static UnusableException bad(String what) {
        return new UnusableException(SkipReason.BAD_HEADER, what);
    }
}
