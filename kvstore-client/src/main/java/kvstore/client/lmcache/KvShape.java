package kvstore.client.lmcache;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The KV cache of an engine in the in-process mode: {@code [2, layers, tokens, hidden]}, or with MLA {@code [1, layers,
 * tokens, head]}.
 *
 * @param first 2, or 1 with MLA
 * @param layers at least 1
 * @param width of a token in one layer, in elements, at least 1
 */
public record KvShape(int first, int layers, int width) {
    /** LMCache's codes of the two memory formats. */
    static final int KV_2LTD = 1;

    static final int KV_MLA = 6;

    private static final Pattern TEXT = Pattern.compile("([12]),([1-9][0-9]{0,4}),([1-9][0-9]{0,6})");

    /**
     * Reads text such as {@code 2,32,1024}.
     *
     * @throws IllegalArgumentException for anything else, with a sentence for the user
     */
    public static KvShape parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no shape: it is 2,LAYERS,HIDDEN, or 1,LAYERS,HEAD with MLA");
        }
        return new KvShape(
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)));
    }

    private long tokenBytes(Dtype dtype) {
        return (long) first * layers * width * dtype.elementBytes();
    }

    /**
     * What a payload of this shape is.
     *
     * @throws UnusableException with {@link SkipReason#NOT_NAMEABLE} if it is no whole number of tokens
     */
    RemoteMetadata metadata(EngineKey key, long payloadBytes) throws UnusableException {
        Dtype dtype = Dtype.ofKey(key.dtype())
                .filter(known -> payloadBytes <= Integer.MAX_VALUE && payloadBytes % tokenBytes(known) == 0)
                .orElseThrow(() -> new UnusableException(
                        SkipReason.NOT_NAMEABLE,
                        "%d bytes of %s are no whole number of tokens of --kv-shape"
                                .formatted(payloadBytes, key.dtype())));
        int tokens = (int) (payloadBytes / tokenBytes(dtype));
        return new RemoteMetadata(
                (int) payloadBytes,
                first == 1 ? KV_MLA : KV_2LTD,
                List.of(new RemoteMetadata.Group(dtype.code(), List.of(first, layers, tokens, width))));
    }

    /** Whether an engine that finds the bytes alone under this key makes exactly this of them. */
    static boolean isPlain(EngineKey key, RemoteMetadata metadata) {
        RemoteMetadata.Group group = metadata.groups().getFirst();
        List<Integer> shape = group.shape();
        Dtype dtype = Dtype.ofKey(key.dtype()).orElse(null);
        if (metadata.groups().size() != 1
                || key.namesLayer()
                || dtype == null
                || dtype.code() != group.dtype()
                || shape.contains(0)) {
            return false;
        }
        int first = shape.getFirst();
        boolean kvCache = (metadata.format() == KV_2LTD && first == 2) || (metadata.format() == KV_MLA && first == 1);
        long bytes = dtype.elementBytes();
        for (int extent : shape) {
            bytes *= extent;
            if (bytes > metadata.length()) {
                return false;
            }
        }
        return kvCache && bytes == metadata.length() && bytes / shape.get(2) % 2 == 0;
    }
}
