package kvstore.server.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses to listen on: {@code 127.0.0.1:7420}, {@code [::1]:7420}, {@code localhost:7420}. */
final class ListenAddresses {
    private static final Pattern ADDRESS = Pattern.compile("(?:\\[([^]]+)]|([^:\\[\\]]+)):(\\d{1,5})");
    private static final int MAX_PORT = 65_535;

    private ListenAddresses() {}

    /**
     * Reads an address. Names other than {@code localhost} are refused, so that no answer of a name server decides who
     * can reach the daemon.
     *
     * @throws IllegalArgumentException if it is none
     */
    static InetSocketAddress parse(String text) {
        Matcher matcher = ADDRESS.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("is not an address such as 127.0.0.1:7420 or [::1]:7420");
        }
        int port = Integer.parseInt(matcher.group(3));
        if (port > MAX_PORT) {
            throw new IllegalArgumentException("has a port above " + MAX_PORT);
        }
        String host = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
        return new InetSocketAddress(address(host), port);
    }

    static String format(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    private static InetAddress address(String host) {
        if (host.equals("localhost")) {
            return InetAddress.getLoopbackAddress();
        }
        try {
            return InetAddress.ofLiteral(host);
        } catch (IllegalArgumentException _) {
            throw new IllegalArgumentException("has a host that is neither an IP address nor localhost");
        }
    }
}
