/** What the process manager that started the daemon is told, as systemd wants it. */
@NullMarked
package kvstore.server.service;

import org.jspecify.annotations.NullMarked;
