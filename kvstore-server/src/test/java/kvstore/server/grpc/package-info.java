@NullMarked
package kvstore.server.grpc;

import org.jspecify.annotations.NullMarked;
