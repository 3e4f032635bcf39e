package kvstore.server;

import com.google.protobuf.ByteString;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A client of LMCache's TCP protocol, written from its description: one socket, one request after the other. */
final class LmClient implements Closeable {
    static final int PUT = 1;
    static final int GET = 2;
    static final int EXIST = 3;
    static final int LIST = 4;
    static final int HEALTH = 5;

    static final int SUCCESS = 200;
    static final int FAIL = 400;

    private static final int KEY_BYTES = 150;
    private static final int READ_TIMEOUT_MILLIS = 30_000;

    private final Socket socket;
    private final DataInputStream in;
    private final boolean old;

    /** What a value is; any numbers. */
    record Meta(int format, int dtype, int location, List<Integer> shape) {
        static final Meta NONE = new Meta(1, 2, 0, List.of(0, 0, 0, 0));
    }

    /** A reply with what followed it. */
    record Reply(int code, Meta meta, ByteString payload) {
        byte[] bytes() {
            return payload.toByteArray();
        }
    }

    private LmClient(InetSocketAddress address, boolean old) throws IOException {
        socket = new Socket(address.getAddress(), address.getPort());
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(READ_TIMEOUT_MILLIS);
        in = new DataInputStream(socket.getInputStream());
        this.old = old;
    }

    static LmClient connect(DaemonUnderTest daemon) throws IOException {
        return new LmClient(daemon.lm(), false);
    }

    /** As LMCache 0.1 spoke: 158 bytes, 8 bytes. */
    static LmClient connectOld(DaemonUnderTest daemon) throws IOException {
        return new LmClient(daemon.lm(), true);
    }

    void put(String key, byte[] payload, Meta meta) throws IOException {
        send(header(PUT, payload.length, meta, key));
        send(payload);
    }

    Reply get(String key) throws IOException {
        send(header(GET, 0, Meta.NONE, key));
        return reply();
    }

    boolean exists(String key) throws IOException {
        send(header(EXIST, 0, Meta.NONE, key));
        return reply().code() == SUCCESS;
    }

    byte[] header(int command, int length, Meta meta, String key) {
        ByteBuffer header = ByteBuffer.allocate(old ? 158 : 186).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(command).putInt(length);
        if (!old) {
            header.putInt(meta.format()).putInt(meta.dtype()).putInt(meta.location());
            meta.shape().forEach(header::putInt);
        }
        byte[] name = Arrays.copyOf(key.getBytes(StandardCharsets.UTF_8), KEY_BYTES);
        Arrays.fill(name, key.getBytes(StandardCharsets.UTF_8).length, KEY_BYTES, (byte) ' ');
        return header.put(name).array();
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    void send(byte[] bytes, int length) throws IOException {
        socket.getOutputStream().write(bytes, 0, length);
    }

    Reply reply() throws IOException {
        byte[] header = new byte[old ? 8 : 36];
        in.readFully(header);
        ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        int code = fields.getInt();
        byte[] payload = new byte[fields.getInt()];
        Meta meta = Meta.NONE;
        if (!old) {
            int format = fields.getInt();
            int dtype = fields.getInt();
            List<Integer> shape = List.of(fields.getInt(), fields.getInt(), fields.getInt(), fields.getInt());
            meta = new Meta(format, dtype, fields.getInt(), shape);
        }
        in.readFully(payload);
        return new Reply(code, meta, ByteString.copyFrom(payload));
    }

    /** What one read returns, as LMCache's client reads a reply's header. */
    int readOnce(byte[] target) throws IOException {
        return in.read(target);
    }

    /** Whether the daemon closed the connection, with nothing more to be read. */
    boolean isClosed() throws IOException {
        try {
            return in.read() < 0;
        } catch (SocketException _) {
            return true;
        }
    }

    void finishOutput() throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
