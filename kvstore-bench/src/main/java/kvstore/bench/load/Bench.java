package kvstore.bench.load;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import kvstore.api.Blocks;
import kvstore.bench.CleanUp;
import kvstore.bench.DaemonLauncher;
import kvstore.bench.DaemonProcess;
import kvstore.bench.DiskSpace;
import kvstore.bench.StoreSize;
import kvstore.bench.Workspace;
import kvstore.client.cli.Progress;
import kvstore.client.cli.Words;
import kvstore.v1.StatResponse;

/**
 * Lets the peers take turns on one directory, so that what disturbs the machine disturbs all of them alike.
 *
 * @param peers in the order of their turns
 * @param launcher starts our daemon
 * @param settings of our daemon, each {@code key=value}
 * @param lmcache the virtual environment with LMCache
 */
record Bench(
        LoadPlan plan,
        Set<PeerKind> peers,
        DaemonLauncher launcher,
        List<String> settings,
        Path lmcache,
        Progress progress,
        CleanUp cleanUp) {

    private static final long FIO_BLOCK_BYTES = 4L << 20;
    private static final int FIO_DEPTH = 8;

    /** The RESP door of a fresh daemon needs as many before its rate stays the same. */
    private static final int WARM_UP_TURNS = 2;

    /** The size of a segment that is not told otherwise. */
    private static final long SEGMENT_BYTES = 1L << 30;

    Bench {
        peers = Collections.unmodifiableSet(new LinkedHashSet<>(peers));
        settings = List.copyOf(settings);
    }

    /**
     * Runs all of it.
     *
     * @param parent gets a directory of the benchmark's own
     * @throws kvstore.client.cli.CommandFailure if there is not enough disk, or a peer fails as a whole
     */
    BenchReport run(Path parent) {
        StoreSize size = storeSize();
        DiskSpace.require(
                parent,
                (needsDaemon() ? size.capacityBytes() : 0) + roundBytes(),
                "take a smaller --size or --count, or another disk with --directory");
        Workspace workspace = Workspace.create(parent, "kvstore-bench-", cleanUp);
        Ports ports = new Ports(ServerProcess.freePort(), ServerProcess.freePort());
        if (!needsDaemon()) {
            return run(workspace, ports, Optional.empty());
        }
        progress.say("starting the daemon");
        List<String> all = new ArrayList<>(size.settings());
        all.addAll(ports.settings(peers));
        all.addAll(settings);
        DaemonProcess.Setup setup = new DaemonProcess.Setup(
                workspace.path().resolve("pool"),
                workspace.socket(),
                workspace.path().resolve("daemon.log"),
                all,
                false);
        try (BenchDaemon daemon = new BenchDaemon(DaemonProcess.start(launcher, setup, cleanUp))) {
            return run(workspace, ports, Optional.of(daemon));
        }
    }

    /**
     * Doors of our daemon beside its Unix socket.
     *
     * @param resp of the RESP door
     * @param lm of the lm door
     */
    private record Ports(int resp, int lm) {
        /** Opens what is measured. */
        List<String> settings(Set<PeerKind> peers) {
            List<String> settings = new ArrayList<>();
            if (peers.contains(PeerKind.RESP)) {
                settings.add("resp.listen=%s:%d".formatted(ServerProcess.HOST, resp));
            }
            if (peers.contains(PeerKind.LM)) {
                settings.add("lm.listen=%s:%d".formatted(ServerProcess.HOST, lm));
            }
            return settings;
        }
    }

    private BenchReport run(Workspace workspace, Ports ports, Optional<BenchDaemon> daemon) {
        Tool tool = new Tool(workspace.path().resolve("tool.log"), cleanUp);
        Lmcache measuring = new Lmcache(tool, lmcache, workspace.path().resolve("lmcache.json"));
        List<Peer> all = peers(workspace, measuring, ports, daemon);
        List<Peer> present =
                all.stream().filter(peer -> peer.missing().isEmpty()).toList();
        warmUp(peers(workspace, measuring, ports, daemon));
        List<PeerResult> results = new ArrayList<>();
        for (long chunkBytes : plan.chunkBytes()) {
            results.addAll(measure(present, chunkBytes));
        }
        Optional<LookupLatency> lookup = Optional.empty();
        if (peers.contains(PeerKind.CLIENT)) {
            progress.say("lookups");
            lookup = daemon.map(LookupLatency::measure);
        }
        OptionalDouble allocated = present.stream()
                .filter(ClientPeer.class::isInstance)
                .map(ClientPeer.class::cast)
                .map(ClientPeer::allocatedPerPayloadByte)
                .findFirst()
                .orElse(OptionalDouble.empty());
        OptionalDouble coreSeconds = present.stream()
                .filter(InPlacePeer.class::isInstance)
                .map(InPlacePeer.class::cast)
                .map(InPlacePeer::coreSecondsPerGigabyte)
                .findFirst()
                .orElse(OptionalDouble.empty());
        List<String> missing = new ArrayList<>(all.stream()
                .flatMap(peer -> peer.missing().map(why -> peer.name() + ": " + why).stream())
                .toList());
        List<LmLatency> lm = lmLatencies(workspace, measuring, ports, daemon);
        if (peers.contains(PeerKind.LM_SERVER)) {
            measuring.missing().ifPresent(why -> missing.add(PeerKind.LM_SERVER + ": " + why));
        }
        return new BenchReport(
                plan,
                results,
                missing,
                lookup,
                lm,
                allocated,
                coreSeconds,
                daemon.map(Bench::disk).orElse(""));
    }

    /**
     * Turns that do not count, by every way that is measured: a daemon in service has been compiled by Java long ago, and a
     * disk has its blocks.
     */
    private void warmUp(List<Peer> all) {
        for (int turn = 1; turn <= WARM_UP_TURNS; turn++) {
            for (Peer peer : all) {
                if (peer.missing().isEmpty()) {
                    progress.say("warming up, %d of %d: %s".formatted(turn, WARM_UP_TURNS, peer.name()));
                    var _ = peer.measure(plan, largestChunk());
                }
            }
        }
    }

    private List<PeerResult> measure(List<Peer> present, long chunkBytes) {
        Map<String, List<Sample>> samples = new LinkedHashMap<>();
        for (int round = 1; round <= plan.rounds(); round++) {
            for (Peer peer : present) {
                progress.say(
                        "%s, round %d of %d: %s".formatted(Words.size(chunkBytes), round, plan.rounds(), peer.name()));
                samples.computeIfAbsent(peer.name(), _ -> new ArrayList<>()).add(peer.measure(plan, chunkBytes));
            }
        }
        return samples.entrySet().stream()
                .map(entry -> new PeerResult(entry.getKey(), chunkBytes, entry.getValue()))
                .toList();
    }

    private List<LmLatency> lmLatencies(
            Workspace workspace, Lmcache measuring, Ports ports, Optional<BenchDaemon> daemon) {
        List<LmLatency> latencies = new ArrayList<>();
        if (peers.contains(PeerKind.LM)) {
            progress.say("lm");
            latencies.add(LmLatency.measure("lm", ports.lm()));
            daemon.orElseThrow().forgetAll();
        }
        if (peers.contains(PeerKind.LM_SERVER) && measuring.missing().isEmpty()) {
            progress.say("lm_server");
            int port = ServerProcess.freePort();
            Path log = workspace.path().resolve("lm-server.log");
            try (ServerProcess _ = ServerProcess.start(measuring.lmServer(port), port, log, cleanUp)) {
                latencies.add(LmLatency.measure("lm_server", port));
            }
        }
        return latencies;
    }

    private List<Peer> peers(Workspace workspace, Lmcache measuring, Ports ports, Optional<BenchDaemon> daemon) {
        List<Peer> all = new ArrayList<>();
        for (PeerKind kind : peers) {
            switch (kind) {
                case KVSTORE -> all.add(new KvStorePeer(measuring, daemon.orElseThrow()));
                case IN_PLACE -> all.add(new InPlacePeer(daemon.orElseThrow()));
                case FS_NATIVE -> all.add(new FsNativePeer(measuring, workspace.path()));
                case CLIENT -> all.add(new ClientPeer(daemon.orElseThrow()));
                case RESP -> all.add(new RespPeer(measuring, daemon.orElseThrow(), ports.resp()));
                case REDIS -> all.add(new RedisPeer(measuring, workspace.path(), cleanUp));
                case LM, LM_SERVER -> {
                    // no rates: see lmLatencies
                }
                case FIO -> {
                    all.add(new FioPeer(measuring.tool(), workspace.path(), FIO_BLOCK_BYTES, FIO_DEPTH));
                    all.add(new FioPeer(measuring.tool(), workspace.path(), 0, 0));
                }
            }
        }
        return all;
    }

    private boolean needsDaemon() {
        return peers.stream().anyMatch(PeerKind::isOurs);
    }

    /** Room for two rounds: what the round before left is deleted, but its segments go only when space is needed. */
    private StoreSize storeSize() {
        long longest = Math.max(largestChunk(), peers.contains(PeerKind.LM) ? LmLatency.longestBytes() : 0);
        long record = Blocks.roundUp(longest) + Blocks.BLOCK_BYTES;
        long chunks = 2L * (plan.count() + plan.inFlight());
        return StoreSize.of(
                longest,
                Math.max(
                        chunks, (chunks * record + LookupLatency.storedBytes() + LmLatency.storedBytes()) / record + 1),
                Math.max(1, Math.min(chunks * record, SEGMENT_BYTES) / record));
    }

    /** What one peer writes in its turn, the wave before those that count included. */
    private long roundBytes() {
        return (plan.count() + plan.inFlight()) * largestChunk();
    }

    private long largestChunk() {
        return Collections.max(plan.chunkBytes());
    }

    private static String disk(BenchDaemon daemon) {
        StatResponse stat = daemon.stat();
        return "%s by %s".formatted(stat.getFileSystem(), stat.getIoPath());
    }
}
