@NullMarked
package kvstore.bench.demo;

import org.jspecify.annotations.NullMarked;
