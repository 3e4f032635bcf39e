package kvstore.server.resp;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import kvstore.server.identity.Caller;
import kvstore.server.identity.Tenant;
import kvstore.server.identity.Users;
import kvstore.server.metrics.RespCommand;
import kvstore.server.metrics.RespOutcome;
import kvstore.store.StoreStats;

/** Commands about the connection and the server. None of them blocks or touches a value. */
final class SessionCommands {
    private static final String NO_PASSWORD =
            "ERR AUTH <password> called without any password configured for the default"
                    + " user. Are you sure your configuration is correct?";
    static final String NO_AUTH = "NOAUTH Authentication required.";

    private static final String WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";

    /** The Redis whose answers these are. Clients look at it to see which commands there are. */
    private static final String REDIS_VERSION = "7.0.0";

    private static final int MAX_NAME_BYTES = 128;
    private static final String DEFAULT_USER = "default";

    /** What redis-benchmark and others ask for. */
    private static final Map<String, String> CONFIG = Map.of("save", "", "appendonly", "no", "databases", "1");

    private final RespServices services;

    SessionCommands(RespServices services) {
        this.services = services;
    }

    /** Blocks while a password is tried. Without passwords, the user {@code default} needs none, so any is right. */
    Reply auth(List<Argument> arguments, Session session) throws InterruptedException {
        if (arguments.size() == 2 && services.access().users().isEmpty()) {
            return Reply.error(NO_PASSWORD);
        }
        boolean named = arguments.size() == 3;
        return login(named ? arguments.get(1).text() : DEFAULT_USER, arguments.getLast(), session)
                ? Reply.ok()
                : Reply.error(WRONG_PASSWORD);
    }

    private boolean login(String user, Argument password, Session session) throws InterruptedException {
        Optional<Users> users = services.access().users();
        if (users.isEmpty()) {
            return user.equals(DEFAULT_USER);
        }
        char[] secret = new String(password.bytes(), StandardCharsets.UTF_8).toCharArray();
        Optional<Caller> caller =
                password.isCut() ? Optional.empty() : users.get().login(user, secret);
        Arrays.fill(secret, '\0');
        caller.ifPresent(session::caller);
        if (caller.isEmpty()) {
            // without the name, which may be a password that was put into the wrong place
            services.access()
                    .audit()
                    .refused("resp", session.caller(), "AUTH from " + session.clientId, "wrong password");
        }
        return caller.isPresent();
    }

    /** The answer to whoever has to say first who it is, or is nobody. */
    Reply refused(Session session) {
        if (session.caller().equals(Caller.ANONYMOUS)) {
            return Reply.error(NO_AUTH);
        }
        String reason = "the user belongs to no tenant";
        services.access().audit().refused("resp", session.caller(), "a command from " + session.clientId, reason);
        return Reply.error("NOPERM " + reason);
    }

    Reply hello(List<Argument> arguments, Session session) throws InterruptedException {
        int protocol = session.protocol();
        if (arguments.size() > 1) {
            String version = arguments.get(1).text();
            if (!version.matches("\\d{1,9}")) {
                return Reply.error("ERR Protocol version is not an integer or out of range");
            }
            protocol = Integer.parseInt(version);
            if (protocol != 2 && protocol != 3) {
                return Reply.error("NOPROTO unsupported protocol version");
            }
        }
        for (int i = 2; i < arguments.size(); i++) {
            String word = arguments.get(i).word();
            if (word.equals("AUTH") && i + 2 < arguments.size()) {
                if (!login(arguments.get(i + 1).text(), arguments.get(i + 2), session)) {
                    return Reply.error(WRONG_PASSWORD);
                }
                i += 2;
            } else if (word.equals("SETNAME") && i + 1 < arguments.size()) {
                Reply named = setName(arguments.get(++i), session);
                if (named.outcome() != RespOutcome.OK) {
                    return named;
                }
            } else {
                return Reply.error(
                        "ERR Syntax error in HELLO option '" + arguments.get(i).text() + "'");
            }
        }
        if (services.tenant(session).isEmpty()) {
            return refused(session);
        }
        session.protocol(protocol);
        return Reply.ok(session.map(List.of(
                "server",
                "redis",
                "version",
                REDIS_VERSION,
                "proto",
                (long) protocol,
                "id",
                session.id,
                "mode",
                "standalone",
                "role",
                "master",
                "modules",
                List.of())));
    }

    static Reply ping(List<Argument> arguments) {
        return arguments.size() == 1 ? Reply.ok(Reply.simple("PONG")) : echo(arguments);
    }

    static Reply echo(List<Argument> arguments) {
        Argument text = arguments.get(1);
        return text.isCut()
                ? Reply.error("ERR the argument has " + text.length() + " bytes; at most " + RespParser.MAX_FIRST_BYTES
                        + " are sent back")
                : Reply.ok(Reply.bulk(text.bytes()));
    }

    static Reply select(List<Argument> arguments) {
        String index = arguments.get(1).text();
        if (!index.matches("-?\\d{1,18}")) {
            return Reply.error("ERR value is not an integer or out of range");
        }
        return Long.parseLong(index) == 0 ? Reply.ok() : Reply.error("ERR DB index is out of range");
    }

    static Reply client(List<Argument> arguments, Session session) {
        String word = arguments.get(1).word();
        int count = arguments.size();
        if (word.equals("ID") && count == 2) {
            return Reply.ok(Reply.integer(session.id));
        }
        if (word.equals("GETNAME") && count == 2) {
            return Reply.ok(session.name.isEmpty() ? session.nil() : Reply.bulk(session.name));
        }
        if (word.equals("SETNAME") && count == 3) {
            return setName(arguments.get(2), session);
        }
        if ((word.equals("SETINFO") && count == 4) || (word.matches("NO-EVICT|NO-TOUCH") && count == 3)) {
            return Reply.ok();
        }
        return unknownSubcommand(arguments);
    }

    private static Reply setName(Argument name, Session session) {
        String text = name.text();
        if (name.length() > MAX_NAME_BYTES || !text.matches("[!-~]*")) {
            return Reply.error(
                    "ERR Client names cannot contain spaces, newlines or special characters, and have at most "
                            + MAX_NAME_BYTES + " bytes.");
        }
        session.name = text;
        return Reply.ok();
    }

    /** Enough for redis-cli and client libraries, which go on without what is not told. */
    static Reply command(List<Argument> arguments) {
        if (arguments.size() == 1) {
            return Reply.ok(Reply.array());
        }
        return switch (arguments.get(1).word()) {
            case "COUNT" -> Reply.ok(Reply.integer(RespCommand.values().length - 1));
            case "DOCS", "INFO", "LIST" -> Reply.ok(Reply.array());
            default -> unknownSubcommand(arguments);
        };
    }

    static Reply config(List<Argument> arguments, Session session) {
        if (!arguments.get(1).word().equals("GET") || arguments.size() < 3) {
            return unknownSubcommand(arguments);
        }
        List<Object> pairs = new ArrayList<>();
        for (Argument name : arguments.subList(2, arguments.size())) {
            String value = CONFIG.get(name.text().toLowerCase(Locale.ROOT));
            if (value != null) {
                pairs.add(name.text());
                pairs.add(value);
            }
        }
        return Reply.ok(session.map(pairs));
    }

    private static Reply unknownSubcommand(List<Argument> arguments) {
        return Reply.error("ERR unknown subcommand or wrong number of arguments for '" + shown(arguments.get(1))
                + "' of '" + shown(arguments.getFirst()) + "'.");
    }

    Reply info(Tenant tenant) {
        if (!services.mayCountAll(tenant)) {
            return Reply.ok(Reply.bulk("# Server\r\nredis_version:%s\r\nredis_mode:standalone\r\nkvstore_version:%s\r\n"
                    .formatted(REDIS_VERSION, services.version())));
        }
        StoreStats store = services.transfers().store().stats();
        return Reply.ok(Reply.bulk("""
                # Server
                redis_version:%s
                redis_mode:standalone
                kvstore_version:%s

                # Memory
                used_memory:%d
                maxmemory:%d

                # Persistence
                loading:0

                # Replication
                role:master
                connected_slaves:0

                # Kvstore
                capacity_bytes:%d
                used_bytes:%d
                chunks:%d
                chunk_bytes:%d

                # Keyspace
                db0:keys=%d,expires=%d,avg_ttl=0
                """.formatted(
                        REDIS_VERSION,
                        services.version(),
                        services.transfers().slabs().usedBytes(),
                        services.transfers().slabs().totalBytes(),
                        store.capacityBytes(),
                        store.usedBytes(),
                        store.chunks(),
                        store.chunkBytes(),
                        store.chunks(),
                        services.expiries().count())
                .replace("\n", "\r\n")));
    }

    static Reply unknown(List<Argument> arguments) {
        StringBuilder begin = new StringBuilder();
        for (Argument argument : arguments.subList(1, Math.min(arguments.size(), 4))) {
            begin.append('\'').append(shown(argument)).append("' ");
        }
        return Reply.error(
                "ERR unknown command '" + shown(arguments.getFirst()) + "', with args beginning with: " + begin);
    }

    /** As much of what a client sent as is fit to be sent back. */
    static String shown(Argument argument) {
        String text = argument.text();
        return (text.length() > 64 ? text.substring(0, 64) : text).replaceAll("[^ -~]", "?");
    }
}
