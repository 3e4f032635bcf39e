/** {@code kvstore doctor}: looks at a daemon and at the LMCache that shall use it, and says what does not fit. */
@NullMarked
package kvstore.client.cli.doctor;

import org.jspecify.annotations.NullMarked;
