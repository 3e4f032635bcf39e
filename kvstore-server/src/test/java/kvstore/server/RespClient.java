package kvstore.server;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A client of the RESP door that sends and reads bytes, so that nothing is hidden. */
final class RespClient implements AutoCloseable {
    private static final int READ_LIMIT_MILLIS = 30_000;

    private final Socket socket;

    RespClient(DaemonUnderTest daemon) throws IOException {
        this(daemon.respAddress());
    }

    RespClient(InetSocketAddress address) throws IOException {
        socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(READ_LIMIT_MILLIS);
        socket.setTcpNoDelay(true);
    }

    /** A command as clients send it. */
    static byte[] command(Object... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ascii("*" + arguments.length + "\r\n"));
        for (Object argument : arguments) {
            byte[] bytes = argument instanceof byte[] raw ? raw : ascii(argument.toString());
            out.writeBytes(ascii("$" + bytes.length + "\r\n"));
            out.writeBytes(bytes);
            out.writeBytes(ascii("\r\n"));
        }
        return out.toByteArray();
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    RespClient send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    RespClient send(String text) throws IOException {
        return send(ascii(text));
    }

    /** As many bytes as the expected answer has, as LMCache reads them. */
    String read(int bytes) throws IOException {
        byte[] read = socket.getInputStream().readNBytes(bytes);
        return new String(read, StandardCharsets.ISO_8859_1);
    }

    byte[] readBytes(int bytes) throws IOException {
        return socket.getInputStream().readNBytes(bytes);
    }

    /** Up to the end of a line, which is not part of what comes back. */
    String line() throws IOException {
        StringBuilder line = new StringBuilder();
        InputStream in = socket.getInputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("the connection ended after \"" + line + '"');
            }
            line.append((char) next);
        }
        return line.substring(0, line.length() - 1);
    }

    /** Sends a command and reads the answer, if it is one line. */
    String ask(Object... arguments) throws IOException {
        return send(command(arguments)).line();
    }

    /** The value, or null if there is none. */
    byte @Nullable [] get(String key) throws IOException {
        String header = ask("GET", key);
        if (header.equals("$-1")) {
            return null;
        }
        byte[] value = readBytes(Integer.parseInt(header.substring(1)));
        read(2);
        return value;
    }

    /** Everything up to the end of the connection, which has to come. */
    String readToEnd() throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
