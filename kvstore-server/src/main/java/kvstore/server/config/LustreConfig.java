package kvstore.server.config;

import java.util.Optional;
import kvstore.lustre.StripeLayout;

/**
 * What is done where the chunks lie on Lustre.
 *
 * @param layout of the node's directory; empty to leave it as it is
 */
public record LustreConfig(Optional<StripeLayout> layout) {}
