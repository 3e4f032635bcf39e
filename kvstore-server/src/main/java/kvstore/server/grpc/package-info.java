/**
 * The gRPC door: calls of {@code proto/kvstore/v1} on TCP and Unix sockets. Payload goes between Netty's buffers and
 * slabs in {@link kvstore.server.grpc.PutCall} and {@link kvstore.server.grpc.GetCall}, without messages on the heap; what
 * they share with other doors is in {@link kvstore.server.transfer}.
 */
@NullMarked
package kvstore.server.grpc;

import org.jspecify.annotations.NullMarked;
