package kvstore.server.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * The gRPC door.
 *
 * @param listen TCP address, always of this machine; empty for no TCP. Port 0 takes any free port
 * @param unixSocket absolute path of the Unix socket; empty for none. One of the two is set
 * @param unixSocketMode who may connect to the Unix socket
 * @param frameSizeBytes most payload in one message
 * @param maxKeys most keys in one Lookup, Get or Delete
 * @param maxTokens most token ids in one MatchPrefix
 * @param flowControlWindowBytes HTTP/2 window of a connection and of each of its calls
 * @param maxCallsPerConnection calls that one connection may have open
 * @param eventLoopThreads threads that move bytes between sockets and memory
 * @param stallTimeout a transfer whose peer makes no progress for this long is ended
 * @param putWait how long a put waits for memory before it is shed
 * @param getWait how long a get waits for memory, within its deadline
 */
public record GrpcConfig(
        Optional<InetSocketAddress> listen,
        Optional<Path> unixSocket,
        Set<PosixFilePermission> unixSocketMode,
        int frameSizeBytes,
        int maxKeys,
        int maxTokens,
        int flowControlWindowBytes,
        int maxCallsPerConnection,
        int eventLoopThreads,
        Duration stallTimeout,
        Duration putWait,
        Duration getWait) {}
