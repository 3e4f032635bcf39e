package kvstore.client.lmcache;

import java.util.Arrays;
import java.util.Optional;

/** Kinds of elements, by the names of {@code gds_backend.py}, those in keys, and the codes of {@code protocol.py}. */
enum Dtype {
    F16("F16", "half", 2, 2),
    BF16("BF16", "bfloat16", 3, 2),
    F32("F32", "float", 4, 4),
    F64("F64", "double", 5, 8),
    U8("U8", "uint8", 6, 1),
    F8_E4M3("F8E4M3FN", "fp8_e4m3fn", 7, 1),
    F8_E5M2("F8E5M2", "fp8_e5m2", 8, 1),
    // what follows has no code: LMCache cannot put it into RemoteMetadata
    U16("U16", "", -1, 2),
    U32("U32", "", -1, 4),
    U64("U64", "", -1, 8),
    I8("I8", "", -1, 1),
    I16("I16", "", -1, 2),
    I32("I32", "", -1, 4),
    I64("I64", "", -1, 8);

    /** The highest code there is. */
    static final int MAX_CODE = 8;

    private final String label;
    private final String inKeys;
    private final int code;
    private final int elementBytes;

    Dtype(String label, String inKeys, int code, int elementBytes) {
        this.label = label;
        this.inKeys = inKeys;
        this.code = code;
        this.elementBytes = elementBytes;
    }

    String label() {
        return label;
    }

    /** Code in RemoteMetadata, or -1 if it has none. */
    int code() {
        return code;
    }

    int elementBytes() {
        return elementBytes;
    }

    static Optional<Dtype> ofLabel(String label) {
        return Arrays.stream(values())
                .filter(dtype -> dtype.label.equals(label))
                .findFirst();
    }

    /** By its name in keys of the in-process mode; none for those without a code. */
    static Optional<Dtype> ofKey(String name) {
        return Arrays.stream(values())
                .filter(dtype -> dtype.code > 0 && dtype.inKeys.equals(name))
                .findFirst();
    }

    /** Code 1 is an old name of code 2. */
    static Optional<Dtype> ofCode(int code) {
        int known = code == 1 ? F16.code : code;
        return Arrays.stream(values())
                .filter(dtype -> dtype.code == known && known > 0)
                .findFirst();
    }
}
