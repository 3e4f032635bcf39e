/** What an operator watches a daemon with: rules, dashboard and runbooks, held to what the daemon really shows. */
@NullMarked
package kvstore.server.monitoring;

import org.jspecify.annotations.NullMarked;
