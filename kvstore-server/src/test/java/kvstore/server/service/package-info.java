@NullMarked
package kvstore.server.service;

import org.jspecify.annotations.NullMarked;
