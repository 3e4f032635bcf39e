package kvstore.bench.load;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** One connection of {@code lm://}, LMCache's own protocol; see {@code docs/reference/lm-protocol.md}. */
final class LmClient implements AutoCloseable {
    private static final int PUT = 1;
    private static final int GET = 2;
    private static final int EXIST = 3;
    private static final int FOUND = 200;
    private static final int REQUEST_BYTES = 186;
    private static final int REPLY_BYTES = 36;
    private static final int BFLOAT16 = 3;
    private static final byte KEY_FILL = ' ';

    private final SocketChannel channel;
    private final ByteBuffer request = ByteBuffer.allocateDirect(REQUEST_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer reply = ByteBuffer.allocateDirect(REPLY_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private LmClient(SocketChannel channel) {
        this.channel = channel;
    }

    static LmClient connect(int port) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return new LmClient(channel);
    }

    /** Has no answer: {@link #exists} tells. */
    void put(String key, ByteBuffer value) throws IOException {
        send(PUT, key, value.remaining());
        ByteBuffer rest = value.duplicate();
        while (rest.hasRemaining()) {
            channel.write(rest);
        }
    }

    boolean exists(String key) throws IOException {
        send(EXIST, key, 0);
        return receive() >= 0;
    }

    /**
     * Loads a value into {@code value}, from its beginning.
     *
     * @return its length, or -1 if there is none
     */
    int get(String key, ByteBuffer value) throws IOException {
        send(GET, key, 0);
        int length = receive();
        if (length > 0) {
            read(value.clear().limit(length));
            value.flip();
        }
        return length;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void send(int command, String key, int length) throws IOException {
        request.clear().putInt(command).putInt(length);
        if (command == PUT) {
            // format [2, layers, tokens, hidden], type, location, shape
            request.putInt(1).putInt(BFLOAT16).putInt(0);
            request.putInt(2).putInt(1).putInt(1).putInt(length / (2 * Short.BYTES));
        } else {
            request.putInt(0).putInt(0).putInt(0).putInt(0).putInt(0).putInt(0).putInt(0);
        }
        request.put(key.getBytes(StandardCharsets.US_ASCII));
        while (request.hasRemaining()) {
            request.put(KEY_FILL);
        }
        request.flip();
        while (request.hasRemaining()) {
            channel.write(request);
        }
    }

    /** Returns the length of what follows, or -1. */
    private int receive() throws IOException {
        read(reply.clear());
        return reply.getInt(0) == FOUND ? reply.getInt(Integer.BYTES) : -1;
    }

    private void read(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
    }
}
