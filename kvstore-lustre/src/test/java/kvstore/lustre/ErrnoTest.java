package kvstore.lustre;

import static org.assertj.core.api.Assertions.assertThat;

import kvstore.api.IoFailure;
import kvstore.api.IoFailure.Kind;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ErrnoTest {
    @ParameterizedTest
    @CsvSource({
        "28, ENOSPC, NO_SPACE",
        "122, EDQUOT, NO_SPACE",
        "5, EIO, IO",
        "108, ESHUTDOWN, TRANSIENT",
        "107, ENOTCONN, TRANSIENT",
        "116, ESTALE, TRANSIENT",
        "110, ETIMEDOUT, TRANSIENT",
        "4, EINTR, TRANSIENT",
        "11, EAGAIN, TRANSIENT",
        "2, ENOENT, NOT_FOUND",
        "17, EEXIST, EXISTS",
        "13, EACCES, DENIED",
        "1, EPERM, DENIED",
        "30, EROFS, DENIED",
        "22, EINVAL, OTHER",
        "14, EFAULT, MEMORY_GONE",
        "9999, errno 9999, OTHER"
    })
    void saysWhatAnErrorIsCalledAndMeans(int number, String name, Kind kind) {
        IoFailure failure = Errno.failure(-number, "pread /pool/x [0, +65536)");
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.errno()).isEqualTo(number);
        assertThat(failure).hasMessage("pread /pool/x [0, +65536): " + name);
    }
}
