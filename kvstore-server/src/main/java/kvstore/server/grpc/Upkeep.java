package kvstore.server.grpc;

import kvstore.server.clear.Clears;
import kvstore.server.scrub.Scrubs;

/** What operators set going that runs for a while. */
public record Upkeep(Scrubs scrubs, Clears clears) {}
