package kvstore.server.grpc;

import kvstore.server.clear.Clears;
import kvstore.server.scrub.Scrubs;
import kvstore.server.view.DaemonView;

/** What operators look at, and what they set going. */
public record Operations(DaemonView view, Scrubs scrubs, Clears clears) {}
