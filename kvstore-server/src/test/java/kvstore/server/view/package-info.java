@NullMarked
package kvstore.server.view;

import org.jspecify.annotations.NullMarked;
