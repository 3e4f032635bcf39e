package kvstore.server.metrics;

import java.util.List;
import java.util.Locale;

/**
 * Every metric, once. Its Prometheus name is {@code kvstore_} and the constant's name in small letters.
 *
 * <p>No label holds anything that a client chooses, so that the number of series has a limit: {@link SeriesLimit}.
 */
enum Metric {
    BUILD_INFO(
            Kind.GAUGE,
            "1",
            "version java",
            "The release that runs, and its Java.",
            "Join with other metrics; alert when a cluster runs more than one for long."),
    READY(
            Kind.GAUGE,
            "0 or 1",
            "",
            "Whether puts and gets are served.",
            "Alert at 0 for longer than a start takes; `/readyz` says why."),
    DRAINING(
            Kind.GAUGE,
            "0 or 1",
            "",
            "Whether the daemon was told to store nothing more and to look not ready, by `kvstore drain`.",
            "1 for long: somebody forgot `kvstore drain --undo`."),
    EPOCH(
            Kind.GAUGE,
            "starts",
            "",
            "Grows by one at every start of the daemon on this node directory.",
            "Alert when it changes often: the daemon is crashing."),
    UPTIME_SECONDS(
            Kind.GAUGE,
            "seconds",
            "",
            "Time since the daemon began to start.",
            "Falls to 0 at each start: many falls in an hour are a daemon that crashes; the journal says why."),
    START_DURATION_SECONDS(
            Kind.GAUGE,
            "seconds",
            "",
            "How long the last start took, recovery of the index included.",
            "If it grows, look at `kvstore_store_recovery_scanned_segments`: the last stop was no clean one."),

    TLS_CERTIFICATE_EXPIRY_TIMESTAMP_SECONDS(
            Kind.GAUGE,
            "seconds",
            "",
            "When the daemon's certificate ends, since 1970. Only with `tls.certificate`.",
            "Alert two weeks before: have it issued again and write it to the same file; no restart is needed."),
    TLS_RELOADS_TOTAL(
            Kind.COUNTER,
            "reloads",
            "result",
            "How often changed certificate files were taken into use (`loaded`), or had a mistake (`refused`).",
            "As for `kvstore_tls_files_refused`."),
    TLS_FILES_REFUSED(
            Kind.GAUGE,
            "0 or 1",
            "",
            "Whether the certificate files that lie there now have a mistake; those before stay in use.",
            "Alert on 1: the log says what is wrong."),
    AUDIT_ADMIN_CALLS_TOTAL(
            Kind.COUNTER,
            "calls",
            "",
            "Calls of the Admin service that were let in. Each is in the audit log.",
            "Look there when it grows and nobody you know asks."),
    AUDIT_REFUSED_TOTAL(
            Kind.COUNTER,
            "calls",
            "",
            "Calls and logins that were refused because of who asked: a certificate that ended, a wrong password, no tenant, no "
                    + "admin.",
            "Alert on a rate above your usual: somebody tries, or `tenants.file` misses somebody. The audit log says who."),

    RPC_TOTAL(
            Kind.COUNTER,
            "calls",
            "rpc code",
            "Calls that ended, by gRPC status code.",
            "Alert on `invalid_argument` (a client has a fault), `resource_exhausted`, `internal` and `unknown`."),
    RPC_SECONDS(
            Kind.HISTOGRAM,
            "seconds",
            "rpc",
            "How long calls took, from their first message to their last. A call of Put or Get carries many chunks.",
            "Alert when the 99th percentile of `lookup` leaves the low milliseconds."),

    RESP_CONNECTIONS(
            Kind.GAUGE,
            "connections",
            "",
            "Clients of the RESP door.",
            "At `resp.max-connections`, further clients are refused."),
    RESP_REFUSED_CONNECTIONS_TOTAL(
            Kind.COUNTER,
            "connections",
            "",
            "Clients that the RESP door refused.",
            "Alert on any: raise `resp.max-connections`."),
    RESP_STALLED_CONNECTIONS_TOTAL(
            Kind.COUNTER,
            "connections",
            "",
            "Clients of the RESP door that stopped in the middle of a command or did not read their answer.",
            "A client that hangs, or a network that loses packets."),
    RESP_COMMANDS_TOTAL(
            Kind.COUNTER,
            "commands",
            "command outcome",
            "Commands of the RESP door. `dropped` is a SET that was answered with OK and stored nothing.",
            "`dropped`: `kvstore_put_chunks_total` says why. `error`: a client has a fault. `cut`: clients go away in the "
                    + "middle."),
    RESP_COMMAND_SECONDS(
            Kind.HISTOGRAM,
            "seconds",
            "command",
            "How long they took, from when the command was understood to its answer. For SET that includes the arrival of "
                    + "the value.",
            "Compare with `kvstore_get_seconds` and `kvstore_put_seconds`: what is beyond them is the client's network."),

    LM_CONNECTIONS(
            Kind.GAUGE,
            "connections",
            "",
            "Clients of the lm door.",
            "At `lm.max-connections`, further clients are refused."),
    LM_REFUSED_CONNECTIONS_TOTAL(
            Kind.COUNTER,
            "connections",
            "",
            "Clients that the lm door refused.",
            "Alert on any: raise `lm.max-connections`."),
    LM_STALLED_CONNECTIONS_TOTAL(
            Kind.COUNTER,
            "connections",
            "",
            "Clients of the lm door that stopped in the middle of a request or did not read their answer.",
            "A client that hangs, or a network that loses packets."),
    LM_COMMANDS_TOTAL(
            Kind.COUNTER,
            "commands",
            "command outcome",
            "Commands of the lm door. `dropped` is a PUT that stored nothing, which the protocol cannot say.",
            "`dropped`: `kvstore_put_chunks_total` says why. `error`: a client speaks something else. `cut`: clients go away "
                    + "in the middle."),
    LM_COMMAND_SECONDS(
            Kind.HISTOGRAM,
            "seconds",
            "command",
            "How long they took, from when their header was there to their end. For PUT that includes the arrival of the "
                    + "value.",
            "As for `kvstore_resp_command_seconds`."),

    LOOKUP_SECONDS(
            Kind.HISTOGRAM,
            "seconds",
            "",
            "How long the store took to answer a lookup.",
            "Lookups touch no disk. Above a millisecond the processor is too busy; look at `jvm_gc_pause_seconds_max` and the machine's load."),
    LOOKUP_KEYS_TOTAL(
            Kind.COUNTER,
            "keys",
            "",
            "Keys that lookups asked for.",
            "At rest while engines work: they do not ask this daemon. See `docs/how-to/troubleshoot.md`."),
    LOOKUP_FOUND_KEYS_TOTAL(
            Kind.COUNTER,
            "keys",
            "",
            "Keys that lookups found.",
            "Much more than `kvstore_lookup_leading_keys_total`: the beginning of prefixes is evicted before their end."),
    LOOKUP_LEADING_KEYS_TOTAL(
            Kind.COUNTER,
            "keys",
            "",
            "Keys that lookups found before the first that is missing: what an engine can use.",
            "Divide by `kvstore_lookup_keys_total` for the hit rate."),

    PREFIX_TOKENS_TOTAL(
            Kind.COUNTER,
            "tokens",
            "",
            "Token ids that `MatchPrefix` was asked for.",
            "Nothing; it tells how much a router asks."),
    PREFIX_CHUNKS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "",
            "Chunks of prompts that `MatchPrefix` looked for.",
            "Nothing; it is what `kvstore_prefix_matched_chunks_total` is divided by."),
    PREFIX_MATCHED_CHUNKS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "",
            "Those that were here, before the first of their prompt that was not.",
            "Divide by `kvstore_prefix_chunks_total`. At 0 while `kvstore_lookup_found_keys_total` grows, the caller "
                    + "hashes with another algorithm or other names: `kvstore doctor` says which."),
    HASH_CHECKS_TOTAL(
            Kind.COUNTER,
            "checks",
            "result",
            "Comparisons of a client's prefix hashes with this daemon's, made when it connects: `agrees` or `differs`.",
            "Alert on any `differs`: what such a client stores is found by no other. The daemon's log names the cure."),

    PUT_CHUNKS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "status reason",
            "Chunks of puts that were answered. `reason` is `none` for chunks that are stored.",
            "`shed` with `no_memory`: raise `memory.slab-size`, or the disk is too slow. `no_space`: the disk is full or "
                    + "all is leased. `io_error`: look at `kvstore_io_failures_total`. `rejected`: a client has a fault."),
    PUT_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "status",
            "Payload of those chunks. For `already_stored` it is what did not have to be written.",
            "Its rate is what engines store. At rest while they work: `kvstore_put_chunks_total` says why."),
    PUT_SECONDS(
            Kind.HISTOGRAM,
            "seconds",
            "status",
            "How long one chunk of a put took, from its begin to its answer.",
            "Compare with `kvstore_memory_wait_seconds` and `kvstore_io_run_seconds_total` to see where the time goes."),
    GET_CHUNKS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "status reason",
            "Chunks that gets were answered with. `reason` is `none` for hits.",
            "Alert on `corrupt`, always, and on `io_error`. `absent` right after a lookup found the key: leases are too "
                    + "short. `other_length`: two engines with different geometry share keys."),
    GET_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "status",
            "Payload that was sent for those chunks.",
            "Its rate is what engines load. Compare with `kvstore_io_bytes_total`: more is read than sent when gets are cut off."),
    GET_SECONDS(
            Kind.HISTOGRAM,
            "seconds",
            "status",
            "How long one chunk of a get took, until its last byte was handed to the network.",
            "Compare with `kvstore_memory_wait_seconds` and `kvstore_io_run_seconds_total` to see where the time goes."),
    SHARED_READS_TOTAL(
            Kind.COUNTER,
            "reads",
            "",
            "Pieces of gets for which another get of the same chunk had read the disk, or was about to.",
            "The ranks of one model, or several clients, load the same chunks at the same time."),
    SHARED_READ_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "",
            "Bytes that the disk did not have to read again for them.",
            "Nothing; without it the disk would read as much more."),
    IN_FLIGHT_TRANSFERS(
            Kind.GAUGE,
            "transfers",
            "direction",
            "What is under way right now: for `put` the chunks, for `get` the calls.",
            "High while `kvstore_io_running` is 0: clients are slow to send or to take."),

    REGIONS(
            Kind.GAUGE,
            "regions",
            "kind",
            "Pieces of memory that clients share with the daemon now, by where they are: `host` or `gpu`.",
            "0 while LMCache runs on this machine: its payload travels in messages. Its log says why; look at "
                    + "`region.socket` and `region.allowed-uids`."),
    REGION_SIZE_BYTES(
            Kind.GAUGE,
            "bytes",
            "kind",
            "Their size together. It is memory of the clients, not of the daemon.",
            "Together with `kvstore_memory_size_bytes` it has to fit into the machine's memory."),
    REGIONS_ENDED_TOTAL(
            Kind.COUNTER,
            "regions",
            "kind state",
            "Those that ended since the start, `idle`, or `busy` with chunks under way.",
            "`busy`: workers die, or do not wait for their transfers."),
    REGION_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "direction way",
            "Payload that was moved between regions and the disk: `in_place`, or `copied` through the daemon's memory.",
            "`copied` near `in_place`: the client's buffers do not start at memory pages (LMCache: `--l1-align-bytes 4096`). "
                    + "What the other put and get metrics count beyond these two came in messages."),

    MEMORY_SIZE_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "Memory for payload in flight, as taken at start.",
            "Set by `memory.slab-size`; `docs/how-to/size-a-node.md` says how much."),
    MEMORY_USED_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "What of it is lent out.",
            "Near `kvstore_memory_size_bytes` for long: raise `memory.slab-size`, or look for clients that read slowly."),
    MEMORY_WAITERS(
            Kind.GAUGE,
            "callers",
            "",
            "Puts and gets that wait for memory.",
            "Above 0 for long: as for `kvstore_memory_used_bytes`."),
    MEMORY_WAIT_SECONDS(
            Kind.HISTOGRAM,
            "seconds",
            "direction outcome",
            "How long puts and gets waited for memory, and whether they got it.",
            "`timed_out` puts are shed and `timed_out` gets fail: raise `memory.slab-size`."),

    TENANT_USED_BYTES(
            Kind.GAUGE,
            "bytes",
            "tenant",
            "What the records of each tenant take in segments, those too that were deleted or replaced and whose segment is "
                    + "still here. One tenant, `default`, where there is no `tenants.file`.",
            "Near `kvstore_tenant_quota_bytes`: its puts are shed."),
    TENANT_QUOTA_BYTES(
            Kind.GAUGE,
            "bytes",
            "tenant",
            "The most that they may take; 9.2e18 for no limit.",
            "Compare with `kvstore_tenant_used_bytes`."),
    TENANT_IN_FLIGHT_BYTES(
            Kind.GAUGE,
            "bytes",
            "tenant",
            "Payload of each tenant's transfers in the daemon's memory.",
            "Near its `in-flight` in `tenants.file` for long: its puts are shed and its gets wait."),
    TENANT_SHED_PUTS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "tenant",
            "Puts that a tenant's quota or its budget for payload in flight has shed.",
            "Raise its `quota` or `in-flight` in `tenants.file`, or leave it: others are protected so."),
    TENANT_REFUSED_GETS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "tenant",
            "Gets that a tenant's budget for payload in flight made a miss.",
            "Raise its `in-flight` in `tenants.file`."),

    STORE_CAPACITY_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "The hard limit on what the node's directory takes of the disk.",
            "Set by `data.capacity`; changed by a restart."),
    STORE_USED_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "What the node's directory takes of it: blocks allocated to every file in it, and `kvstore_store_reserved_bytes`.",
            "Near the capacity is normal. Above it is a fault: report it."),
    STORE_RESERVED_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "Of these, what is kept for segments that are being written and may not be allocated yet.",
            "Nothing; some segments per directory are usual."),
    STORE_FREE_SPACE_FLOOR_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "What the file system shall have free for others; 0 for no floor.",
            "Compare with `kvstore_store_file_system_available_bytes`."),
    STORE_CAPACITY_STATE(
            Kind.GAUGE,
            "0 or 1",
            "state",
            "1 for how the store stands with its disk: `ok`; `shrinking`, because the file system has less free than the "
                    + "floor; `full`, because it refused to store more.",
            "Alert on `full`, and on `shrinking` for long: somebody else fills the disk."),
    STORE_DIRECTORY_CAPACITY_BYTES(
            Kind.GAUGE,
            "bytes",
            "directory",
            "The hard limit of each directory, by its path as configured.",
            "As for `kvstore_store_capacity_bytes`."),
    STORE_DIRECTORY_USED_BYTES(
            Kind.GAUGE,
            "bytes",
            "directory",
            "What the node takes in each directory.",
            "One directory that stays behind the others: it is full, or set aside."),
    STORE_DIRECTORY_SEGMENTS(
            Kind.GAUGE,
            "segments",
            "directory",
            "Segment files in use in each directory.",
            "As for `kvstore_store_directory_used_bytes`."),
    STORE_DIRECTORY_AWAY(
            Kind.GAUGE,
            "0 or 1",
            "directory",
            "1 while a directory is set aside with its chunks, because it does not answer.",
            "Alert on 1: `kvstore stat` says why. It comes back by itself when it answers again."),
    STORE_AWAY_MISSES_TOTAL(
            Kind.COUNTER,
            "chunks",
            "",
            "Gets that missed a chunk because its directory was set aside.",
            "What the failed directory costs."),
    STORE_CHUNKS(
            Kind.GAUGE,
            "chunks",
            "",
            "Chunks that a get would find; entries of the index.",
            "Falls to 0 at a start: `kvstore_epoch`, `kvstore_store_recovery_chunks` and the log say what became of them."),
    STORE_CHUNK_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "The sum of their lengths.",
            "Much less than `kvstore_store_used_bytes`: deleted and replaced chunks wait in segments for their eviction."),
    STORE_SEGMENTS(
            Kind.GAUGE,
            "segments",
            "state",
            "Segment files. `held` ones, which cannot be evicted now, are among those `in_use`.",
            "Alert on `unread` (the disk fails reads) and `quarantined` (damaged; delete the file once it was looked "
                    + "into)."),
    STORE_GHOSTS(
            Kind.GAUGE,
            "keys",
            "",
            "Keys that are not here of which it is remembered why, for `kvstore explain`.",
            "At `explain.max-keys`, older answers are lost."),
    SCRUB_RECORDS_TOTAL(
            Kind.COUNTER,
            "records",
            "result",
            "Records that scrubs have read: `good`, `bad` (not what had been put), `unread` (the file system failed).",
            "Alert on `bad`; the log names file and block. Many `unread` ones mean a sick disk or server."),
    SCRUB_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "",
            "What scrubs have read of records.",
            "Its rate is what scrubs take of the disk: `scrub.rate` bounds it."),
    SCRUB_RUNNING(
            Kind.GAUGE,
            "0 or 1",
            "",
            "Whether the scrub in the background runs now.",
            "0 while `scrub.rate` is set: the last scrub is younger than `scrub.interval`."),
    SCRUB_PROGRESS_RATIO(
            Kind.GAUGE,
            "0 to 1",
            "",
            "The part of the segments that the scrub in the background is through with, or got to the last time.",
            "Does not move while `kvstore_scrub_running` is 1: the disk has no time for it. Raise `scrub.rate`."),
    SCRUB_COMPLETED_TIMESTAMP_SECONDS(
            Kind.GAUGE,
            "seconds",
            "",
            "When a scrub last came to its end, in the background or asked for, since 1970; 0 for never since the start.",
            "Much older than `scrub.interval`: raise `scrub.rate`."),
    STORE_INDEX_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "Memory that the index takes.",
            "Outside of the Java heap; leave the machine room for it (`docs/how-to/size-a-node.md`)."),
    STORE_LEASES(
            Kind.GAUGE,
            "leases",
            "",
            "Leases that hold.",
            "At `lease.max-count`, lookups are answered without a lease."),
    STORE_LEASED_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "Segment files that leases keep from eviction.",
            "Near `lease.max-share` of the capacity for long: as for `kvstore_store_leases_refused_total`."),
    STORE_LEASES_REFUSED_TOTAL(
            Kind.COUNTER,
            "lookups",
            "",
            "Lookups that got no lease because of `lease.max-share`.",
            "Clients hold leases for too long, or raise `data.capacity`."),
    STORE_RESERVATIONS(
            Kind.GAUGE,
            "chunks",
            "",
            "Puts that have a place on disk and are not yet visible.",
            "High for long: clients began puts and do not send; they end after `grpc.stall-timeout`."),
    STORE_FILE_SYSTEM_AVAILABLE_BYTES(
            Kind.GAUGE,
            "bytes",
            "",
            "What the file system has left for everybody.",
            "Alert before it is 0: somebody else fills the disk, and puts will be shed."),
    STORE_EVICTED_SEGMENTS_TOTAL(
            Kind.COUNTER,
            "segments",
            "reason",
            "Segments that were evicted: for their room (`capacity`), or because nobody wanted anything of them (`idle`).",
            "How fast the cache turns over: look at `kvstore_store_eviction_age_seconds`."),
    STORE_EVICTIONS_TOTAL(
            Kind.COUNTER,
            "segments",
            "trigger",
            "Of those that made room, why it had to be made: for a new segment (`capacity`), ahead of need (`watermark`), for others "
                    + "(`floor`), or because the file system refused to store more (`no_space`).",
            "`floor` and `no_space`: somebody else fills the disk."),
    STORE_EVICTED_CHUNKS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "reason",
            "Chunks that went with them.",
            "As for `kvstore_store_evicted_segments_total`."),
    STORE_EVICTED_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "reason",
            "Payload that went with them.",
            "Near the rate of `kvstore_put_bytes_total` in a full cache, which is usual."),
    STORE_REINSERTED_CHUNKS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "",
            "Chunks that had been read and were written again before their segment went.",
            "At 0 while the cache is full and is read: `kvstore_store_reinsertion_refused_chunks_total` says why."),
    STORE_REINSERTED_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "",
            "Their payload.",
            "What keeping them costs the disk; `eviction.reinsert-share` bounds it."),
    STORE_REINSERTION_REFUSED_CHUNKS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "reason",
            "Chunks that had been read and went all the same.",
            "`budget`: more is read than may be kept; raise `data.capacity`, then `eviction.reinsert-share`. `no_room`: puts "
                    + "were faster. `failed`: the log says why."),
    STORE_EVICTION_AGE_SECONDS(
            Kind.HISTOGRAM,
            "seconds",
            "",
            "How old segments were when they were evicted.",
            "Less than the time after which prefixes come back: raise `data.capacity`."),
    STORE_SHED_TOTAL(
            Kind.COUNTER,
            "puts",
            "reason",
            "Puts that the store refused.",
            "As for `kvstore_put_chunks_total`, in which they are counted too."),
    STORE_ABORTED_TOTAL(
            Kind.COUNTER,
            "puts",
            "",
            "Reservations that ended without becoming visible.",
            "Rising together with cancelled calls is harmless; otherwise look at `kvstore_io_failures_total`."),
    STORE_DELETED_CHUNKS_TOTAL(
            Kind.COUNTER,
            "chunks",
            "",
            "Chunks that clients made the daemon forget.",
            "More than you expect: a client clears the cache; `kvstore_rpc_total` with `rpc` as `delete` says when."),
    STORE_CORRUPT_RECORDS_TOTAL(
            Kind.COUNTER,
            "records",
            "",
            "Records on disk that were not what had been put. Each became a miss.",
            "Alert on any. The log names file, offset and block; suspect the disk or its controller."),
    STORE_DAMAGED_SEGMENTS_TOTAL(
            Kind.COUNTER,
            "segments",
            "damage",
            "Damaged segment files that were found.",
            "`bad-index` after a crash is harmless. Alert on the others; the log names the file."),
    STORE_IO_FAILURES_TOTAL(
            Kind.COUNTER,
            "operations",
            "operation kind",
            "Operations on segment files, other than reading and writing chunks, that failed.",
            "Alert on any but `no_space`."),
    STORE_RECOVERY_SECONDS(
            Kind.GAUGE,
            "seconds",
            "",
            "How long the last start took to find all chunks again.",
            "Above 10 s for 10 million chunks: segments were scanned, or the file system is slow."),
    STORE_RECOVERY_CHUNKS(
            Kind.GAUGE,
            "chunks",
            "",
            "Chunks that the last start found again.",
            "Much less than `kvstore_store_chunks` was before: the log of the start names what was lost."),
    STORE_RECOVERY_SCANNED_SEGMENTS(
            Kind.GAUGE,
            "segments",
            "",
            "Segments that the last start had to read record by record.",
            "One after a crash. More: index areas are damaged."),

    IO_PATH(
            Kind.GAUGE,
            "0 or 1",
            "path",
            "The way that payload takes between memory and disk; 1 for the one in use.",
            "Alert when `odirect` is 0 where it should work; `kvstore stat` says why."),
    IO_FILE_SYSTEM(
            Kind.GAUGE,
            "1",
            "type",
            "What `data.directory` lies on, as its `statfs` magic says: `lustre`, `ext4`, `xfs`, ...",
            "Alert when a node that should have `lustre` has not: the mount is missing."),
    LUSTRE_LAYOUT(
            Kind.GAUGE,
            "0 or 1",
            "outcome",
            "What became of the stripe layout of the node's directory; 1 for what is so. `set`: by this daemon, and read "
                    + "back; `kept`: it had it; `failed`: it has another one; `not_lustre` and `off`: nothing to do.",
            "Alert on `failed`; `kvstore stat` and the log say why."),
    IO_OPERATIONS_TOTAL(
            Kind.COUNTER,
            "operations",
            "path direction",
            "Reads and writes that moved all their bytes.",
            "Divide `kvstore_io_bytes_total` by it: small operations make a slow disk."),
    IO_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "path direction",
            "Bytes that they moved.",
            "Bytes of `buffered` where O_DIRECT should work: `kvstore_io_path` and `kvstore stat` say why."),
    IO_FAILURES_TOTAL(
            Kind.COUNTER,
            "operations",
            "direction kind",
            "Reads and writes that failed.",
            "Alert on `io`, `denied` and `other`. `transient`: a server of the file system went away. `closed` at a stop "
                    + "is harmless."),
    IO_CONTINUATIONS_TOTAL(
            Kind.COUNTER,
            "calls",
            "direction",
            "System calls made because the one before moved only some of the bytes.",
            "Some are usual. As many as operations: the file system splits them; see `lustre.stripe-size`."),
    IO_REOPENS_TOTAL(
            Kind.COUNTER,
            "files",
            "direction",
            "Segment files that were opened again, because an operation failed in a way that a fresh descriptor may cure.",
            "Alert when it keeps rising: servers of the file system put this client out, or a disk is failing."),
    IO_RETRIES_TOTAL(
            Kind.COUNTER,
            "operations",
            "direction",
            "Reads and writes that were tried once more with a fresh descriptor. Those that failed again are in "
                    + "`kvstore_io_failures_total`.",
            "As for `kvstore_io_reopens_total`."),
    IO_QUEUED(
            Kind.GAUGE,
            "operations",
            "direction",
            "Reads and writes that wait for a thread.",
            "Above 0 for long while the disk is not busy: raise `data.read-threads` or `data.write-threads`."),
    IO_RUNNING(
            Kind.GAUGE,
            "operations",
            "direction",
            "Reads and writes that are in the file system.",
            "At `data.read-threads` or `data.write-threads` for long: the disk is busy; see `kvstore_io_queued`."),
    IO_OUTSTANDING_BYTES(
            Kind.GAUGE,
            "bytes",
            "direction",
            "Bytes that were asked of the disk and have not been moved, those in line included.",
            "Reads beyond `io.read-budget` for long: the disk is too slow for what is asked."),
    IO_BUSY_BYTES_PER_SECOND(
            Kind.GAUGE,
            "bytes per second",
            "direction",
            "What the disk moved lately while it was busy; 0 while that is not known. Gets that it could not serve before "
                    + "their deadline are misses at once, as `overloaded`.",
            "Alert when it falls."),
    IO_OVERDUE(
            Kind.GAUGE,
            "operations",
            "direction",
            "Reads and writes that have not come back for longer than `io.operation-timeout`. Their memory is in use.",
            "Alert on any: a server of the file system hangs."),
    IO_BREAKER_OPEN(
            Kind.GAUGE,
            "0 or 1",
            "direction",
            "Whether the disk is left alone, because it does not answer or fails all that is asked of it.",
            "Alert on 1. `kvstore stat`, `/healthz` and the log say why; it comes back by itself."),
    IO_BREAKER_OPENED_TOTAL(
            Kind.COUNTER,
            "times",
            "direction",
            "How often that began.",
            "More than once in an hour: the disk comes and goes; look at the file system's own log."),
    IO_REFUSED_TOTAL(
            Kind.COUNTER,
            "operations",
            "direction",
            "Reads and writes that were not tried because of it. Gets and puts that it refused at their begin are counted as "
                    + "`unavailable` in theirs.",
            "What an open breaker costs: as for `kvstore_io_breaker_open`."),
    IO_QUEUED_SECONDS_TOTAL(
            Kind.COUNTER,
            "seconds",
            "direction",
            "Time that reads and writes waited for a thread, failed ones too.",
            "Divide by `kvstore_io_operations_total` for the mean."),
    IO_RUN_SECONDS_TOTAL(
            Kind.COUNTER,
            "seconds",
            "direction",
            "Time that reads and writes spent in the file system, failed ones too.",
            "Divide by `kvstore_io_operations_total` for the mean; its rise means a slow disk or a sick server."),

    GPU_PATH(
            Kind.GAUGE,
            "0 or 1",
            "path",
            "The way that payload takes between GPU memory and disk; 1 for the one in use. `unavailable`: clients cannot hand "
                    + "over GPU memory.",
            "Alert when `cufile` is 0 where nvidia-fs should work; `kvstore stat` says why."),
    GPU_PATH_REASON(
            Kind.GAUGE,
            "1",
            "path reason",
            "That way, and why it is the one, cut off after 160 characters. Found once at each start.",
            "Read it where `kvstore_gpu_path` is not the path you expect."),
    GPU_MEMORY_BYTES(
            Kind.GAUGE,
            "bytes",
            "gpu where",
            "What the daemon took at start for transfers of each GPU: of its memory, and of pinned host memory. What CUDA takes "
                    + "for itself comes on top.",
            "Lower `gds.read-threads`, `gds.write-threads` or `gds.piece-size` if it is too much."),
    GPU_OPERATIONS_TOTAL(
            Kind.COUNTER,
            "operations",
            "direction",
            "Reads into and writes from GPU memory that moved all their bytes.",
            "At rest while engines work with GPU memory: their regions are on the host; see `kvstore_regions`."),
    GPU_BYTES_TOTAL(
            Kind.COUNTER,
            "bytes",
            "path direction",
            "Bytes that they moved, through cuFile or staged through pinned host memory. Staged ones are in "
                    + "`kvstore_io_bytes_total` too.",
            "`staged` grows while `kvstore_gpu_path` says `cufile`: look at `kvstore_gpu_fallbacks_total`."),
    GPU_FALLBACKS_TOTAL(
            Kind.COUNTER,
            "requests",
            "direction",
            "Requests that cuFile refused and the way through host memory took over.",
            "Alert on any; the log has the first of each reason."),
    GPU_FAILURES_TOTAL(
            Kind.COUNTER,
            "operations",
            "direction kind",
            "Reads into and writes from GPU memory that failed both ways.",
            "As for `kvstore_io_failures_total`."),
    GPU_RUNNING(
            Kind.GAUGE,
            "operations",
            "direction",
            "Reads into and writes from GPU memory that are under way or wait for a thread.",
            "Above 0 for long with no growing `kvstore_gpu_operations_total`: a GPU or cuFile hangs."),
    GPU_BREAKER_OPEN(
            Kind.GAUGE,
            "0 or 1",
            "",
            "Whether cuFile is left alone for now, because it failed `gds.breaker-failures` times in a row.",
            "Alert on 1: loads go through host memory. `cufile.log` in `gds.log-directory` may say why."),
    GPU_BREAKER_OPENED_TOTAL(
            Kind.COUNTER, "times", "", "How often it came to that.", "As for `kvstore_gpu_breaker_open`.");

    /** What Prometheus calls the type. */
    enum Kind {
        COUNTER,
        GAUGE,
        HISTOGRAM
    }

    private final Kind kind;
    private final String unit;
    /** Separated by spaces, because an enum holds only what cannot change. */
    private final String labels;

    private final String meaning;
    private final String advice;

    Metric(Kind kind, String unit, String labels, String meaning, String advice) {
        this.kind = kind;
        this.unit = unit;
        this.labels = labels;
        this.meaning = meaning;
        this.advice = advice;
    }

    /** As Prometheus shows it. */
    String prometheusName() {
        return "kvstore_" + name().toLowerCase(Locale.ROOT);
    }

    Kind kind() {
        return kind;
    }

    String unit() {
        return unit;
    }

    List<String> labels() {
        return labels.isEmpty() ? List.of() : List.of(labels.split(" "));
    }

    String meaning() {
        return meaning;
    }

    /** What an operator does about it. */
    String advice() {
        return advice;
    }
}
