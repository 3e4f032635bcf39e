/** What tests of several packages use. */
@NullMarked
package kvstore.server.testing;

import org.jspecify.annotations.NullMarked;
