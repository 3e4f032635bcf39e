package kvstore.client.cli.doctor;

import static kvstore.client.cli.doctor.Finding.note;
import static kvstore.client.cli.doctor.Finding.ok;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Whether memory that LMCache shares with the daemon can have huge pages. With pages of 4 KiB a disk gets a chunk in
 * thousands of pieces, and the kernel pins each of them.
 *
 * @param root of the file system, for {@code proc} and {@code sys}
 */
record SharedMemoryChecks(Path root) {
    private static final String ENABLED = "sys/kernel/mm/transparent_hugepage/shmem_enabled";

    List<Finding> findings() {
        return List.of(mount(), anonymous());
    }

    /** LMCache's L1 with {@code --shm-name}. */
    private Finding mount() {
        String check = "huge pages, LMCache's L1";
        String options = read("proc/mounts")
                .lines()
                .map(line -> line.split(" "))
                .filter(fields -> fields.length > 3 && fields[1].equals("/dev/shm"))
                .map(fields -> fields[3])
                .reduce("", (_, last) -> last);
        boolean huge = Arrays.stream(options.split(","))
                .anyMatch(option -> option.startsWith("huge=") && !option.equals("huge=never"));
        return huge
                ? ok(check, "/dev/shm has them")
                : note(check, "/dev/shm has none", "mount -o remount,huge=within_size /dev/shm, before LMCache starts");
    }

    /** The adapter's staging memory, a memfd that asks for them. */
    private Finding anonymous() {
        String check = "huge pages, staging";
        String modes = read(ENABLED);
        return modes.isEmpty() || modes.contains("[never]") || modes.contains("[deny]")
                ? note(check, "shmem_enabled is off", "echo advise > /" + ENABLED + ", before LMCache starts")
                : ok(
                        check,
                        "shmem_enabled is "
                                + modes.replaceAll(".*\\[(.*)].*", "$1").strip());
    }

    private String read(String file) {
        try {
            return Files.readString(root.resolve(file));
        } catch (IOException _) {
            return "";
        }
    }
}
