/**
 * Everything that can be set: one record per subsystem in {@link kvstore.server.config.DaemonConfig}, read from a YAML
 * file, the environment and the command line. {@link kvstore.server.config.Settings} is the one place that names a key.
 */
@NullMarked
package kvstore.server.config;

import org.jspecify.annotations.NullMarked;
