/**
 * The RESP2 door: enough of Redis for LMCache's {@code resp} and {@code redis://}, and for ordinary clients. Values go
 * between the socket and slabs; {@link kvstore.server.resp.RespConnection} is where to begin.
 */
@NullMarked
package kvstore.server.resp;

import org.jspecify.annotations.NullMarked;
