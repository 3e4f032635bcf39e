/**
 * The low level of messages whose payload must not become a heap array: protobuf fields by hand, and copies between
 * streams and off-heap memory. Client and daemon share it.
 */
@NullMarked
package kvstore.client.wire;

import org.jspecify.annotations.NullMarked;
