/**
 * One way of a put and one of a get, for every door. A door says where the bytes come from ({@link
 * kvstore.server.transfer.PayloadSource}) and sends the pieces that {@link kvstore.server.transfer.ReadAhead} brings; what
 * lies between, from memory and space to checksums and the outcome, is here.
 */
@NullMarked
package kvstore.server.transfer;

import org.jspecify.annotations.NullMarked;
