/** What the tests of several modules share: the contract that every engine keeps, and a directory to keep it in. */
@NullMarked
package kvstore.testkit;

import org.jspecify.annotations.NullMarked;
