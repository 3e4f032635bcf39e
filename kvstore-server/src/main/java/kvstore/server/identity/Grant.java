package kvstore.server.identity;

/**
 * What a caller may.
 *
 * @param tenant whose keys
 * @param admin whether it may ask the Admin service, which sees all tenants
 */
public record Grant(Tenant tenant, boolean admin) {}
