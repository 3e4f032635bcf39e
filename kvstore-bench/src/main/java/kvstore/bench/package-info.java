/** What the demo and the benchmark share: a daemon as a child process, disk that is given back, transfers that are timed. */
@NullMarked
package kvstore.bench;

import org.jspecify.annotations.NullMarked;
