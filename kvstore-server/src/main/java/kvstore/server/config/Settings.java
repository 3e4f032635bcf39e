package kvstore.server.config;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import kvstore.gds.GdsConfig;
import kvstore.lustre.EngineConfig.DirectMode;
import kvstore.lustre.StripeLayout;
import kvstore.store.EvictionConfig.Policy;
import kvstore.store.StoreConfig;
import org.slf4j.event.Level;

/**
 * Every key, once. Binding, {@code config print}, the environment's names and the reference page come from here.
 *
 * <p>All are read at start; SIGHUP reads them again and changes those of {@code log}.
 */
final class Settings {
    static final Setting<String> NODE = new Setting<>(
            "node",
            ValueType.name("1 to 64 letters, digits and . _ -, the first a letter or digit")
                    .orAuto(Machine::hostName),
            "auto",
            """
            Name of this node, unique in its pool. The node's segments lie in a directory of this name, so a node that \
            is renamed starts with an empty cache. `auto` is the host name.""");

    static final Setting<Optional<Path>> DATA_DIRECTORY =
            new Setting<>("data.directory", ValueType.path().orUnset(), "", """
            The pool's directory, on a local disk or on Lustre. The only key that has to be set. A relative path starts \
            at the directory in which the daemon was started.""");

    static final Setting<List<Path>> DATA_MORE_DIRECTORIES =
            new Setting<>("data.more-directories", ValueType.paths(), "", """
            Further directories for this node's segments, such as one for each device, mount or OST pool: each empty, or of \
            the same pool. New segments go where there is space, in turn. One that fails is set aside with its chunks until \
            it answers again, and the others go on.""");

    static final Setting<Optional<Long>> DATA_CAPACITY =
            new Setting<>("data.capacity", ValueType.size("128MiB", "1PiB", "1").orAuto(), "auto", """
            The hard limit on what this node's directory takes of the disk: blocks allocated to every file in it, whoever \
            put it there, across restarts. With `data.more-directories`, the limit of each. At least four times \
            `data.max-value-size`; where it has no room for four segments of `data.segment-size`, they are made smaller. `auto` is half of what the file system would have left if this node held nothing.""");

    static final Setting<Double> CAPACITY_HIGH_WATERMARK =
            new Setting<>("capacity.high-watermark", ValueType.fraction(0.1, 1), "0.95", """
            The part of `data.capacity` at which eviction starts, so that a put need not wait for it. `1` evicts only \
            what a new segment needs, and so does any other value where what lies above it is less than a segment.""");

    static final Setting<Double> CAPACITY_LOW_WATERMARK =
            new Setting<>("capacity.low-watermark", ValueType.fraction(0.1, 1), "0.92", """
            The part of `data.capacity` at which eviction stops again. At most `capacity.high-watermark`.""");

    static final Setting<Optional<Long>> CAPACITY_FREE_SPACE_FLOOR = new Setting<>(
            "capacity.free-space-floor", ValueType.size("0", "1PiB", "1").orAuto(), "auto", """
            What the file system of `data.directory` shall have free for others. Below, the oldest segments go until it \
            has, and the store grows again when others leave. `0` is no floor; `auto` is a hundredth of the file system, \
            at most 64GiB.""");

    static final Setting<Long> DATA_SEGMENT_SIZE =
            new Setting<>("data.segment-size", ValueType.size("64MiB", "16GiB", "1MiB"), "1GiB", """
            Size of one segment file. Eviction forgets whole segments, so smaller ones forget more precisely and larger \
            ones burden the metadata server less. Segments that exist keep their size.""");

    static final Setting<Long> DATA_MAX_VALUE_SIZE = new Setting<>(
            "data.max-value-size",
            ValueType.size("1MiB", "1000MiB", "1"),
            "512MiB",
            "The longest value that a put may store. At most half a segment.");

    static final Setting<DirectMode> DATA_DIRECT_IO =
            new Setting<>("data.direct-io", ValueType.choice(DirectMode.class), "auto", """
            Whether payload goes past the page cache. `auto` tries it with a real write and read at start, and goes \
            through the page cache where it is refused; `require` refuses to start there; `off` does not try.""");

    static final Setting<Integer> DATA_READ_THREADS = new Setting<>(
            "data.read-threads",
            ValueType.count(1, 256),
            "8",
            "Threads that read from disk, each one piece at a time. More help where the file system has many servers.");

    static final Setting<Integer> DATA_WRITE_THREADS = new Setting<>(
            "data.write-threads",
            ValueType.count(1, 256),
            "4",
            "Threads that write to disk. Apart from the readers, so that a write never delays a read.");

    static final Setting<Long> IO_READ_BUDGET = new Setting<>(
            "io.read-budget",
            ValueType.size("16MiB", "64GiB", "1"),
            "512MiB",
            "Bytes that the disk is asked to read at one time. Further reads wait in line; when as much again waits, gets wait.");

    static final Setting<Long> IO_WRITE_BUDGET =
            new Setting<>("io.write-budget", ValueType.size("16MiB", "64GiB", "1"), "256MiB", """
            Bytes that the disk is asked to write at one time. Further writes wait in line; when as much again waits, puts \
            wait for `grpc.put-wait` and are shed as `OVERLOADED`.""");

    static final Setting<Long> IO_WRITE_BUDGET_BESIDE_READS =
            new Setting<>("io.write-budget-beside-reads", ValueType.size("1MiB", "64GiB", "1"), "32MiB", """
            What is left of `io.write-budget` while there are reads, so that they find the disk free. At least one write is \
            always under way.""");

    static final Setting<Duration> IO_OPERATION_TIMEOUT =
            new Setting<>("io.operation-timeout", ValueType.duration("100ms", "10m"), "30s", """
            How long anybody waits for one read or write of the disk. A get is then a miss and a put is shed, both as \
            `IO_TIMEOUT`. When none has ended for as long, the disk is left alone until a probe succeeds. On Lustre, longer \
            than a failover of its servers takes if gets shall outlast one.""");

    static final Setting<Integer> IO_BREAKER_FAILURES =
            new Setting<>("io.breaker-failures", ValueType.count(1, 1_000_000), "32", """
            Reads, or writes, that fail one after the other until the disk is left alone for that direction.""");

    static final Setting<Duration> IO_PROBE_INTERVAL =
            new Setting<>("io.probe-interval", ValueType.duration("10ms", "10m"), "1s", """
            How often a disk that is left alone is tried, with one block of a file of the daemon's own.""");

    static final Setting<Boolean> LUSTRE_SET_LAYOUT = new Setting<>("lustre.set-layout", ValueType.flag(), "true", """
            Whether the daemon sets the default stripe layout of its node's directory where that lies on Lustre, and reads \
            it back. What it cannot set is logged, and new segments get the layout that they inherit. On other file systems \
            nothing is done.""");

    static final Setting<Integer> LUSTRE_STRIPE_COUNT =
            new Setting<>("lustre.stripe-count", ValueType.count(1, StripeLayout.STRIPES_MAX), "1", """
            Object storage targets (OSTs) that one segment file is spread over. With 1, segments are spread over all of \
            them one by one, and the loss of one target loses only its own.""");

    static final Setting<Long> LUSTRE_STRIPE_SIZE = new Setting<>(
            "lustre.stripe-size",
            ValueType.size("64KiB", "4095MiB", "64KiB"),
            "16MiB",
            "Bytes on one OST before the next one follows. Without effect where `lustre.stripe-count` is 1.");

    static final Setting<String> LUSTRE_POOL = new Setting<>(
            "lustre.pool",
            ValueType.ostPool(),
            "",
            "The OST pool that segments lie in, such as one of flash. Empty for all OSTs.");

    static final Setting<Long> MEMORY_SLAB_SIZE = new Setting<>(
            "memory.slab-size", ValueType.size("32MiB", "1TiB", "16MiB").orAuto(Machine::slabSizeBytes), "auto", """
            Memory for payload in flight, taken at start and never more. When it is used up, gets wait and puts are \
            shed. `auto` is a quarter of the machine's (or container's) memory, at most 2GiB.""");

    static final Setting<Double> MEMORY_WRITE_SHARE = new Setting<>(
            "memory.write-share",
            ValueType.fraction(0.05, 1.0),
            "0.5",
            "The part of `memory.slab-size` that puts may take, at least 16MiB of it. The rest is left to gets.");

    static final Setting<Set<SecurityConfig.Door>> INSECURE =
            new Setting<>("insecure", ValueType.doors(), "false", """
            Doors that may listen without TLS where other machines reach them: whoever is on that network may then read and \
            write what goes over it, and use the daemon. Each start warns of each. `true` is all of them.""");

    static final Setting<Optional<Path>> TLS_CERTIFICATE =
            new Setting<>("tls.certificate", ValueType.path("a PEM file").orEmpty(), "", """
            The daemon's certificate, and behind it those of the authorities between it and one that clients know. Set, \
            `grpc.listen` speaks TLS 1.3 and nothing else. Empty for no TLS. What lies there is read again when it changes \
            and at SIGHUP; a file with a mistake changes nothing.""");

    static final Setting<Optional<Path>> TLS_KEY =
            new Setting<>("tls.key", ValueType.path("a PEM file").orEmpty(), "", """
            The private key of `tls.certificate`, as PKCS #8 without a password. Nobody but the daemon's user should be able \
            to read the file.""");

    static final Setting<Optional<Path>> TLS_CLIENT_CA =
            new Setting<>("tls.client-ca", ValueType.path("a PEM file").orEmpty(), "", """
            The authorities one of which must have signed a client's certificate. A client without such a certificate is not \
            let in, so this is set whenever `tls.certificate` is. A client whose authority is taken out is refused from its \
            next call on.""");

    static final Setting<Duration> TLS_RELOAD_INTERVAL =
            new Setting<>("tls.reload-interval", ValueType.duration("100ms", "24h"), "10s", """
            How often the files of `tls` are looked at.""");

    static final Setting<Optional<Path>> TENANTS_FILE =
            new Setting<>("tenants.file", ValueType.path("a YAML file").orEmpty(), "", """
            Who is which tenant, and what a tenant may: see `docs/how-to/tenants.md`. Set, callers who are not named there \
            are refused at every door. Empty for one tenant, which everybody is. Read again at SIGHUP.""");

    static final Setting<Optional<Path>> AUDIT_FILE =
            new Setting<>("audit.file", ValueType.path("a file").orEmpty(), "", """
            Where admin calls and refusals are written, an object of JSON a line, appended. Empty for the log, where the \
            logger `audit` has them. At most 20 lines a second; what is left out is counted.""");

    static final Setting<Optional<InetSocketAddress>> GRPC_LISTEN =
            new Setting<>("grpc.listen", ValueType.listen().orEmpty(), "127.0.0.1:7420", """
            TCP address of the gRPC service. Empty for none. Addresses that other machines reach need `tls.certificate` \
            (or `insecure`). Port 0 takes any free port, and the log says which.""");

    static final Setting<Optional<Path>> GRPC_UNIX_SOCKET = new Setting<>(
            "grpc.unix-socket",
            ValueType.socketPath().orEmpty(),
            "",
            "Path of a Unix socket for the gRPC service, faster than TCP. Empty for none.");

    static final Setting<Set<PosixFilePermission>> GRPC_UNIX_SOCKET_MODE = new Setting<>(
            "grpc.unix-socket-mode",
            ValueType.fileMode(),
            "0660",
            "Mode of the Unix socket: whoever may write to it may use the daemon.");

    static final Setting<Integer> GRPC_FRAME_SIZE = new Setting<>(
            "grpc.frame-size",
            ValueType.intSize("64KiB", "960KiB", "64KiB"),
            "512KiB",
            "The most payload that one message carries, in both directions. Clients are told in `Hello`.");

    static final Setting<Integer> GRPC_MAX_KEYS = new Setting<>(
            "grpc.max-keys", ValueType.count(1, 65_536), "8192", "The most keys in one Lookup, Get or Delete.");

    static final Setting<Integer> GRPC_MAX_TOKENS =
            new Setting<>("grpc.max-tokens", ValueType.count(1, 4_194_304), "1048576", """
            The most token ids in one MatchPrefix. Hashing them takes about 15 ms for a million. Clients are told in \
            `Hello`.""");

    static final Setting<Integer> GRPC_FLOW_CONTROL_WINDOW =
            new Setting<>("grpc.flow-control-window", ValueType.intSize("64KiB", "256MiB", "1"), "4MiB", """
            HTTP/2 window of each connection and call: what a client may send before the daemon has taken it. Heap and \
            network buffers grow with it times the connections.""");

    static final Setting<Integer> GRPC_MAX_CALLS_PER_CONNECTION = new Setting<>(
            "grpc.max-calls-per-connection",
            ValueType.count(1, 65_536),
            "256",
            "Calls that one connection may have open. Clients queue the others.");

    static final Setting<Integer> GRPC_EVENT_LOOP_THREADS = new Setting<>(
            "grpc.event-loop-threads", ValueType.count(1, 256).orAuto(Machine::eventLoopThreads), "auto", """
            Threads that move bytes between sockets and memory. A connection stays with one of them, and one moves about \
            1 GB/s. `auto` is the number of cores, at least 2 and at most 8.""");

    static final Setting<Duration> GRPC_STALL_TIMEOUT = new Setting<>(
            "grpc.stall-timeout",
            ValueType.duration("100ms", "1h"),
            "30s",
            "A transfer whose peer makes no progress for this long is ended, and its memory taken back.");

    static final Setting<Duration> GRPC_PUT_WAIT = new Setting<>(
            "grpc.put-wait",
            ValueType.duration("0ms", "10m"),
            "2s",
            "How long a put waits for memory before it is shed.");

    static final Setting<Duration> GRPC_GET_WAIT = new Setting<>(
            "grpc.get-wait",
            ValueType.duration("0ms", "10m"),
            "10s",
            "How long a get waits for memory, within the deadline of its caller.");

    static final Setting<Optional<Optional<Path>>> REGION_SOCKET =
            new Setting<>("region.socket", ValueType.socketPath().orEmpty().orAuto(), "auto", """
            Path of the Unix socket on which clients of this machine hand over memory, so that payload need not travel in \
            messages. `auto` is the path of `grpc.unix-socket` with `.regions` behind it, if that is set. Empty for none. \
            Its mode is `grpc.unix-socket-mode`.""");

    static final Setting<Set<Integer>> REGION_ALLOWED_UIDS =
            new Setting<>("region.allowed-uids", ValueType.userIds(), "", """
            Numbers of the users who may hand over memory, with commas between. Root and the daemon's own user always may.""");

    static final Setting<Integer> REGION_MAX_COUNT = new Setting<>(
            "region.max-count",
            ValueType.count(1, 65_536),
            "256",
            "Regions that all clients together may have at one time. Each costs a file descriptor.");

    static final Setting<Integer> REGION_THREADS =
            new Setting<>("region.threads", ValueType.count(1, 256).orAuto(Machine::regionThreads), "auto", """
            Threads that compute and compare the checksums of what lies in regions, about 8 GB/s each. `auto` is a \
            quarter of the cores, at least 2 and at most 16.""");

    static final Setting<GdsConfig.Mode> GDS_MODE =
            new Setting<>("gds.mode", ValueType.choice(GdsConfig.Mode.class), "auto", """
            Whether clients may hand over GPU memory. `auto` serves it where there is a GPU: through cuFile where a real \
            write and read at start prove that the bytes go past host memory, else through pinned host memory; the log, \
            `kvstore stat` and `kvstore_gpu_path` say which and why. `require` refuses to start where the bytes do not go \
            past host memory. `off` opens none of NVIDIA's libraries.""");

    static final Setting<GdsConfig.Compatibility> GDS_COMPATIBILITY =
            new Setting<>("gds.compatibility", ValueType.choice(GdsConfig.Compatibility.class), "staged", """
            What to do where cuFile works, but itself goes through host memory, as without nvidia-fs: `staged` leaves it \
            alone and goes through pinned memory of the daemon's own, which was as fast; `cufile` uses it.""");

    static final Setting<Optional<Path>> GDS_CUFILE_LIBRARY =
            new Setting<>("gds.cufile-library", ValueType.path("a file").orEmpty(), "", """
            Path of `libcufile.so.0`. Empty for the usual places, which `docs/reference/gds.md` lists.""");

    static final Setting<Optional<Path>> GDS_CUDA_LIBRARY = new Setting<>(
            "gds.cuda-library",
            ValueType.path("a file").orEmpty(),
            "",
            "Path of `libcuda.so.1`, which comes with the driver. Empty for what the system's loader finds.");

    static final Setting<Optional<Path>> GDS_LOG_DIRECTORY =
            new Setting<>("gds.log-directory", ValueType.path().orEmpty(), "", """
            Where cuFile writes `cufile.log`. Empty for the directory of temporary files. Needs cuFile 1.14; with an older \
            one, set `CUFILE_LOGFILE_PATH` in the environment.""");

    static final Setting<Integer> GDS_READ_THREADS =
            new Setting<>("gds.read-threads", ValueType.count(1, GdsConfig.THREADS_MAX), "16", """
            Reads into the memory of one GPU that are under way at the same time. Each takes `gds.piece-size` of GPU memory \
            and as much pinned host memory. Where bytes go through host memory, `data.read-threads` is raised to as many.""");

    static final Setting<Integer> GDS_WRITE_THREADS = new Setting<>(
            "gds.write-threads",
            ValueType.count(1, GdsConfig.THREADS_MAX),
            "16",
            "The same for writes from the memory of one GPU, and `data.write-threads`.");

    static final Setting<Integer> GDS_PIECE_SIZE =
            new Setting<>("gds.piece-size", ValueType.intSize("64KiB", "64MiB", "64KiB"), "4MiB", """
            The largest request to a file for GPU memory; chunks are split into such pieces, which move side by side. Each \
            GPU gives `gds.read-threads` + `gds.write-threads` of them, and 2MiB.""");

    static final Setting<Integer> GDS_BREAKER_FAILURES =
            new Setting<>("gds.breaker-failures", ValueType.count(1, 1_000_000), "8", """
            Requests in a row that cuFile failed and the way through host memory did not, after which cuFile is left \
            alone.""");

    static final Setting<Duration> GDS_BREAKER_RETRY = new Setting<>(
            "gds.breaker-retry",
            ValueType.duration("1ms", "24h"),
            "30s",
            "How long cuFile is left alone then, before one request tries it again.");

    static final Setting<Duration> GDS_SHUTDOWN_TIMEOUT =
            new Setting<>("gds.shutdown-timeout", ValueType.duration("1ms", "1h"), "30s", """
            How long a stop waits for requests to cuFile or a GPU that do not come back, before it leaves them and their \
            memory to the end of the process.""");

    static final Setting<Optional<InetSocketAddress>> RESP_LISTEN =
            new Setting<>("resp.listen", ValueType.listen().orEmpty(), "", """
            TCP address of the RESP2 door, which Redis clients and LMCache's `resp` and `redis://` use. Empty for none. \
            It has no TLS: addresses that other machines reach need `insecure`. Port 0 takes any free \
            port, and the log says which. `grpc.stall-timeout`, `grpc.put-wait` and `grpc.get-wait` hold for this door \
            too.""");

    static final Setting<Optional<Path>> RESP_USERS_FILE =
            new Setting<>("resp.users-file", ValueType.path("a file").orEmpty(), "", """
            Users and the hashes of their passwords, a line `name:hash` each, as `kvstore hash-password` prints it. Set, a \
            client has to give AUTH before anything else. Empty for no passwords. Read again at SIGHUP.""");

    static final Setting<Integer> RESP_MAX_CONNECTIONS =
            new Setting<>("resp.max-connections", ValueType.count(1, 65_536), "1024", """
            Clients that the RESP door serves at one time. Further ones get an error and are closed. One takes at most \
            1MiB of network buffers.""");

    static final Setting<Integer> RESP_EVENT_LOOP_THREADS = new Setting<>(
            "resp.event-loop-threads", ValueType.count(1, 256).orAuto(Machine::eventLoopThreads), "auto", """
            Threads that move bytes between the RESP door's sockets and memory. `auto` is the number of cores, at least 2 \
            and at most 8.""");

    static final Setting<Duration> RESP_LEASE_DURATION =
            new Setting<>("resp.lease-duration", ValueType.duration("0ms", "1h"), "60s", """
            How long EXISTS protects from eviction what it found, so that the GET that follows finds it too. At most \
            `lease.max-duration`. `0ms` is no lease.""");

    static final Setting<Integer> RESP_MAX_EXPIRIES =
            new Setting<>("resp.max-expiries", ValueType.count(0, 10_000_000), "65536", """
            Keys set with EX or PX whose expiry the RESP door remembers. A SET beyond is answered with OK and stores \
            nothing. One takes about 150 bytes of heap and its key. Expiries are forgotten at a restart.""");

    static final Setting<Optional<InetSocketAddress>> LM_LISTEN =
            new Setting<>("lm.listen", ValueType.listen().orEmpty(), "", """
            TCP address of the door for `lm://`, LMCache's own protocol. Empty for none. The protocol has neither TLS nor \
            authentication: addresses that other machines reach need `insecure`. Port 0 takes any free port, and the log says which. \
            `grpc.stall-timeout`, `grpc.put-wait` and `grpc.get-wait` hold for this door too.""");

    static final Setting<Integer> LM_MAX_CONNECTIONS =
            new Setting<>("lm.max-connections", ValueType.count(1, 65_536), "1024", """
            Clients that the lm door serves at one time. Further ones are closed. One takes at most 1MiB of network \
            buffers.""");

    static final Setting<Integer> LM_EVENT_LOOP_THREADS = new Setting<>(
            "lm.event-loop-threads", ValueType.count(1, 256).orAuto(Machine::eventLoopThreads), "auto", """
            Threads that move bytes between the lm door's sockets and memory. `auto` is the number of cores, at least 2 \
            and at most 8.""");

    static final Setting<Duration> LM_LEASE_DURATION =
            new Setting<>("lm.lease-duration", ValueType.duration("0ms", "1h"), "60s", """
            How long EXIST protects from eviction what it found, so that the GET that follows finds it too. At most \
            `lease.max-duration`. `0ms` is no lease.""");

    static final Setting<Duration> LEASE_MAX_DURATION = new Setting<>(
            "lease.max-duration",
            ValueType.duration("1s", "1h"),
            "60s",
            "The longest time for which a lookup can protect keys from eviction. A longer wish is cut down to it.");

    static final Setting<Integer> LEASE_MAX_COUNT = new Setting<>(
            "lease.max-count",
            ValueType.count(1, 10_000_000),
            "100000",
            "Leases that may be held at one time. Beyond, lookups are answered without a lease.");

    static final Setting<Double> LEASE_MAX_SHARE =
            new Setting<>("lease.max-share", ValueType.fraction(0.01, 1.0), "0.5", """
            The part of `data.capacity` that leases may keep from eviction, counted by whole segments. Beyond, lookups are \
            answered without a lease.""");

    static final Setting<Policy> EVICTION_POLICY =
            new Setting<>("eviction.policy", ValueType.choice(Policy.class), "reinsert", """
            What goes when room is needed. `oldest`: the segment that was written first. `reinsert`: the same, but what \
            was read of it lately is written again, as far as `eviction.reinsert-share` reaches. `idle`: what nobody wanted for \
            `eviction.idle-ttl` is a miss and goes at once; then the oldest.""");

    static final Setting<Double> EVICTION_REINSERT_SHARE =
            new Setting<>("eviction.reinsert-share", ValueType.fraction(0.0, 0.5), "0.1", """
            For the policy `reinsert`: what part of the bytes that eviction frees may be written again, and so at most of \
            the write bandwidth. 0 for nothing.""");

    static final Setting<Duration> EVICTION_IDLE_TTL =
            new Setting<>("eviction.idle-ttl", ValueType.duration("0ms", "720h"), "10m", """
            For the policy `idle`: how long a chunk is kept that nobody wants, at least 1m and \
            `lease.max-duration`. A start counts as a use. 0s \
            for ever, which is the policy `oldest`.""");
    static final Setting<Integer> EXPLAIN_MAX_KEYS =
            new Setting<>("explain.max-keys", ValueType.count(0, StoreConfig.GHOSTS_MAX), "100000", """
            Keys that are no longer here of which the daemon remembers why, for `kvstore explain`. 32 bytes each; the \
            oldest are forgotten first, and all at a restart.""");

    static final Setting<Optional<Long>> SCRUB_RATE =
            new Setting<>("scrub.rate", ValueType.size("64KiB", "100GiB", "1").orEmpty(), "", """
            Bytes a second at which all that is stored is read in the background and compared with its checksums; what is \
            bad is forgotten. Empty for never. At 100MiB, 100TiB take 12 days.""");

    static final Setting<Duration> SCRUB_INTERVAL =
            new Setting<>("scrub.interval", ValueType.duration("1m", "8760h"), "168h", """
            Time from the begin of one scrub in the background to the begin of the next. One that takes longer is followed \
            at once.""");

    static final Setting<Optional<InetSocketAddress>> ADMIN_LISTEN =
            new Setting<>("admin.listen", ValueType.listen().orEmpty(), "127.0.0.1:7421", """
            TCP address for `/metrics`, `/healthz`, `/readyz` and the page, over plain HTTP. Empty for none. \
            `0.0.0.0:7421`, with `insecure: admin`, lets Prometheus scrape from another machine; \
            `admin.page` says who sees the page.""");

    static final Setting<AdminConfig.Page> ADMIN_PAGE =
            new Setting<>("admin.page", ValueType.choice(AdminConfig.Page.class), "local", """
            Who may see the page at `/` and what it asks, which names models, namespaces and directories, and says of a key \
            whether it is stored: `local` from this machine only, as through `ssh -L 7421:127.0.0.1:7421 node`; `all` who \
            reaches the port; `off` nobody.""");

    static final Setting<Optional<URI>> TRACING_ENDPOINT =
            new Setting<>("tracing.endpoint", ValueType.httpUrl().orEmpty(), "", """
            URL of a receiver of OpenTelemetry traces (OTLP over HTTP), such as `http://127.0.0.1:4318/v1/traces`. Empty for no \
            traces, at no cost.""");

    static final Setting<Double> TRACING_SAMPLING_RATIO =
            new Setting<>("tracing.sampling-ratio", ValueType.fraction(0, 1), "0.01", """
            The part of the gRPC calls that are traced. A caller whose `traceparent` says whether its own trace is taken is \
            heeded.""");

    static final Setting<Level> LOG_LEVEL =
            new Setting<>("log.level", ValueType.choice(Level.class), "info", "The least severe level that is logged.");

    static final Setting<LogConfig.Format> LOG_FORMAT = new Setting<>(
            "log.format",
            ValueType.choice(LogConfig.Format.class),
            "text",
            "`text` for people, `json` for machines: one object a line, on standard output.");

    static final Setting<Duration> SHUTDOWN_DRAIN_TIMEOUT =
            new Setting<>("shutdown.drain-timeout", ValueType.duration("0ms", "1h"), "20s", """
            How long a daemon that was told to stop lets calls under way come to their end. The service manager's own \
            limit has to be longer.""");

    /** In the order of the reference page and of {@code config print}. */
    static final List<Setting<?>> ALL = List.of(
            NODE,
            INSECURE,
            DATA_DIRECTORY,
            DATA_MORE_DIRECTORIES,
            DATA_CAPACITY,
            DATA_SEGMENT_SIZE,
            DATA_MAX_VALUE_SIZE,
            DATA_DIRECT_IO,
            DATA_READ_THREADS,
            DATA_WRITE_THREADS,
            CAPACITY_HIGH_WATERMARK,
            CAPACITY_LOW_WATERMARK,
            CAPACITY_FREE_SPACE_FLOOR,
            IO_READ_BUDGET,
            IO_WRITE_BUDGET,
            IO_WRITE_BUDGET_BESIDE_READS,
            IO_OPERATION_TIMEOUT,
            IO_BREAKER_FAILURES,
            IO_PROBE_INTERVAL,
            LUSTRE_SET_LAYOUT,
            LUSTRE_STRIPE_COUNT,
            LUSTRE_STRIPE_SIZE,
            LUSTRE_POOL,
            MEMORY_SLAB_SIZE,
            MEMORY_WRITE_SHARE,
            TLS_CERTIFICATE,
            TLS_KEY,
            TLS_CLIENT_CA,
            TLS_RELOAD_INTERVAL,
            TENANTS_FILE,
            AUDIT_FILE,
            GRPC_LISTEN,
            GRPC_UNIX_SOCKET,
            GRPC_UNIX_SOCKET_MODE,
            GRPC_FRAME_SIZE,
            GRPC_MAX_KEYS,
            GRPC_MAX_TOKENS,
            GRPC_FLOW_CONTROL_WINDOW,
            GRPC_MAX_CALLS_PER_CONNECTION,
            GRPC_EVENT_LOOP_THREADS,
            GRPC_STALL_TIMEOUT,
            GRPC_PUT_WAIT,
            GRPC_GET_WAIT,
            REGION_SOCKET,
            REGION_ALLOWED_UIDS,
            REGION_MAX_COUNT,
            REGION_THREADS,
            GDS_MODE,
            GDS_COMPATIBILITY,
            GDS_CUFILE_LIBRARY,
            GDS_CUDA_LIBRARY,
            GDS_LOG_DIRECTORY,
            GDS_READ_THREADS,
            GDS_WRITE_THREADS,
            GDS_PIECE_SIZE,
            GDS_BREAKER_FAILURES,
            GDS_BREAKER_RETRY,
            GDS_SHUTDOWN_TIMEOUT,
            RESP_LISTEN,
            RESP_USERS_FILE,
            RESP_MAX_CONNECTIONS,
            RESP_EVENT_LOOP_THREADS,
            RESP_LEASE_DURATION,
            RESP_MAX_EXPIRIES,
            LM_LISTEN,
            LM_MAX_CONNECTIONS,
            LM_EVENT_LOOP_THREADS,
            LM_LEASE_DURATION,
            LEASE_MAX_DURATION,
            LEASE_MAX_COUNT,
            LEASE_MAX_SHARE,
            EVICTION_POLICY,
            EVICTION_REINSERT_SHARE,
            EVICTION_IDLE_TTL,
            EXPLAIN_MAX_KEYS,
            SCRUB_RATE,
            SCRUB_INTERVAL,
            ADMIN_LISTEN,
            ADMIN_PAGE,
            TRACING_ENDPOINT,
            TRACING_SAMPLING_RATIO,
            LOG_LEVEL,
            LOG_FORMAT,
            SHUTDOWN_DRAIN_TIMEOUT);

    private Settings() {}
}
