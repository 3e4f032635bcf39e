package kvstore.server.region;

/**
 * What another door needs to let its clients use regions.
 *
 * @param socket path at which they hand over memory; empty for nowhere
 */
public record RegionAccess(Regions regions, RegionMover mover, String socket) {}
