/** {@code kvstore demo}: a prompt's KV cache through a real daemon, before the eyes of a newcomer. */
@NullMarked
package kvstore.bench.demo;

import org.jspecify.annotations.NullMarked;
