package kvstore.server.resp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.RespCommand;
import kvstore.server.metrics.RespOutcome;
import kvstore.server.net.TcpDoor;
import kvstore.server.transfer.PeerStalledException;
import kvstore.server.transfer.SocketIntake;
import kvstore.server.transfer.SocketOutlet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client. Commands are taken one at a time, in order: those that only look into the index are answered on the event
 * loop, the others on a virtual thread, and until it has ended the bytes behind stay undecoded, in at most one buffer,
 * because the socket is not read while one is full. So a client that pipelines without end holds no more than that.
 *
 * <p>All methods run on the event loop, unless they say otherwise.
 */
final class RespConnection extends ChannelInboundHandlerAdapter implements TcpDoor.Drainable {
    private static final Logger log = LoggerFactory.getLogger(RespConnection.class);

    private final RespServices services;
    private final Session session;
    private final SessionCommands sessionCommands;
    private final KeyCommands keyCommands;
    private final RespParser parser;
    private final CompletableFuture<Void> gone = new CompletableFuture<>();

    private ChannelHandlerContext context;
    private SocketIntake intake;
    private SocketOutlet outlet;

    private ByteBuf input = Unpooled.EMPTY_BUFFER;
    private long progressNanos = System.nanoTime();
    private boolean watched;
    private boolean pumping;

    /** A command is on its virtual thread. */
    private boolean busy;

    private @Nullable Thread serving;

    /** The SET whose command has not arrived whole. */
    private @Nullable SetCommand open;

    /** Its value has not arrived whole. */
    private boolean taking;

    /** What has arrived is not enough for the next step. */
    private boolean wantsMore;

    private boolean draining;
    private boolean ending;
    private @Nullable Reply lastWords;

    @SuppressWarnings("NullAway.Init") // the context comes before everything else
    RespConnection(RespServices services, Session session) {
        this.services = services;
        this.session = session;
        this.sessionCommands = new SessionCommands(services);
        this.keyCommands = new KeyCommands(services);
        this.parser = new RespParser(services.transfers().maxKeys() + 1);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        intake = new SocketIntake(services.stallNanos(), () -> ctx.executor().execute(this::pump));
        outlet = new SocketOutlet(ctx.channel(), services.stallNanos());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf bytes)) {
            ReferenceCountUtil.release(message);
            return;
        }
        progressNanos = System.nanoTime();
        input = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), input, bytes);
        pump();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        progressNanos = System.nanoTime();
        pump();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ending = true;
        gone.complete(null);
        if (open != null) {
            open.cut();
        }
        intake.gone();
        if (serving != null && open == null) {
            serving.interrupt();
        }
        dropInput();
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) {
            log.atError().setCause(cause).log("a RESP connection failed by a mistake in this program");
        }
        var _ = ctx.close();
    }

    /** Closes the connection as soon as no command is under way. */
    @Override
    public void drain() {
        draining = true;
        pump();
    }

    /** Does what can be done now. */
    private void pump() {
        if (pumping) {
            return; // a write changed whether the channel takes more
        }
        pumping = true;
        boolean more = true;
        try {
            while (more) {
                more = step();
            }
        } catch (RespProtocolException e) {
            log.atInfo()
                    .addKeyValue("client", session.clientId)
                    .addKeyValue("reason", e.getMessage())
                    .log("a RESP client broke the protocol and is closed");
            end(Reply.error("ERR Protocol error: " + e.getMessage()));
        } finally {
            pumping = false;
        }
        if (ending) {
            dropInput();
            sayLastWords();
        }
        context.flush();
        context.channel().config().setAutoRead(wantsMore || !input.isReadable());
        watch();
    }

    /** Whether there may be more to do. */
    private boolean step() throws RespProtocolException {
        wantsMore = false;
        if (ending) {
            return false;
        }
        if (taking) {
            taking = !intake.offer(input);
            if (!taking) {
                parser.valueTaken();
            }
            releaseIfEmpty();
            return !taking;
        }
        if (open == null) {
            if (busy || !context.channel().isWritable()) {
                return false;
            }
            if (draining && !parser.isMidCommand()) {
                end(null);
                return false;
            }
        }
        RespParser.Step step = parser.next(input);
        releaseIfEmpty();
        switch (step) {
            case MORE -> {
                wantsMore = true;
                return false;
            }
            case VALUE -> beginSet();
            case COMMAND -> {
                List<Argument> arguments = parser.take();
                if (open == null) {
                    serve(arguments);
                } else {
                    open.complete(arguments);
                    open = null;
                }
            }
        }
        return true;
    }

    private void beginSet() {
        long length = parser.valueLength();
        intake.begin(length);
        taking = true;
        SetCommand set = new SetCommand(
                services,
                parser.begun().get(1),
                length,
                session,
                services.tenant(session).orElse(null),
                intake);
        open = set;
        start(RespCommand.SET, () -> {
            Reply reply = set.run();
            var _ = context.write(reply.message());
            return reply.outcome();
        });
    }

    private void serve(List<Argument> arguments) {
        RespCommand command = RespCommand.of(arguments.getFirst().text());
        if (!command.takes(arguments.size())) {
            answer(command, Reply.wrongArity(SessionCommands.shown(arguments.getFirst())), System.nanoTime());
            return;
        }
        switch (command) {
            case AUTH -> startReply(command, () -> sessionCommands.auth(arguments, session));
            case HELLO -> startReply(command, () -> sessionCommands.hello(arguments, session));
            case QUIT -> {
                answer(command, Reply.ok(), System.nanoTime());
                end(null);
            }
            default ->
                services.tenant(session)
                        .ifPresentOrElse(
                                tenant -> serve(command, arguments, tenant),
                                () -> answer(command, sessionCommands.refused(session), System.nanoTime()));
        }
    }

    private void serve(RespCommand command, List<Argument> arguments, Tenant tenant) {
        switch (command) {
            case GET, MGET ->
                start(
                        command,
                        () -> new GetCommand(services, session, tenant, outlet, gone)
                                .run(arguments.subList(1, arguments.size()), command == RespCommand.MGET));
            case DEL, UNLINK -> startReply(command, () -> keyCommands.delete(arguments, tenant));
            case SCAN -> startReply(command, () -> keyCommands.scan(arguments, tenant));
            default -> {
                long start = System.nanoTime();
                answer(command, answer(command, arguments, tenant), start);
            }
        }
    }

    /** What is answered without waiting for anything. */
    private Reply answer(RespCommand command, List<Argument> arguments, Tenant tenant) {
        return switch (command) {
            case PING -> SessionCommands.ping(arguments);
            case ECHO -> SessionCommands.echo(arguments);
            case SELECT -> SessionCommands.select(arguments);
            case CLIENT -> SessionCommands.client(arguments, session);
            case COMMAND -> SessionCommands.command(arguments);
            case CONFIG -> SessionCommands.config(arguments, session);
            case INFO -> sessionCommands.info(tenant);
            case EXISTS -> keyCommands.exists(arguments, tenant, session.clientId);
            case STRLEN -> keyCommands.strlen(arguments, tenant);
            case TTL -> keyCommands.ttl(arguments, tenant);
            case DBSIZE -> keyCommands.dbsize(tenant);
            case SET -> Reply.error("ERR SET as one line is not supported; send it as an array of bulk strings");
            case AUTH, HELLO, QUIT, GET, MGET, DEL, UNLINK, SCAN ->
                throw new AssertionError(command + " is answered elsewhere");
            case OTHER -> SessionCommands.unknown(arguments);
        };
    }

    private void answer(RespCommand command, Reply reply, long startNanos) {
        var _ = context.write(reply.message());
        services.meters().ended(command, reply.outcome(), System.nanoTime() - startNanos);
    }

    /** What runs on a virtual thread. */
    @FunctionalInterface
    private interface Work {
        RespOutcome run() throws IOException, InterruptedException;
    }

    /** What finds an answer there. */
    @FunctionalInterface
    private interface Answer {
        Reply get() throws InterruptedException;
    }

    /** The same, for an answer that is not written yet. */
    private void startReply(RespCommand command, Answer work) {
        start(command, () -> {
            Reply reply = work.get();
            var _ = context.write(reply.message());
            return reply.outcome();
        });
    }

    private void start(RespCommand command, Work work) {
        busy = true;
        serving = Thread.ofVirtual().name("resp-" + command).start(() -> {
            long start = System.nanoTime();
            RespOutcome outcome = RespOutcome.CUT;
            try {
                outcome = work.run();
            } catch (PeerStalledException e) {
                stalled(e.getMessage());
            } catch (GetCommand.SpoiltException e) {
                log.atWarn().addKeyValue("client", session.clientId).log(e.getMessage() + "; it is closed");
            } catch (IOException | InterruptedException _) {
                // the client has gone, or the daemon is stopping
            } catch (RuntimeException | Error e) {
                log.atError().setCause(e).log("a RESP command failed by a mistake in this program");
            } finally {
                services.meters().ended(command, outcome, System.nanoTime() - start);
                boolean answered = outcome != RespOutcome.CUT;
                try {
                    context.executor().execute(() -> finished(answered));
                } catch (RejectedExecutionException _) {
                    log.atDebug().log("the RESP door closed before a command had ended");
                }
            }
        });
    }

    private void finished(boolean answered) {
        busy = false;
        serving = null;
        open = null;
        if (!answered && lastWords == null) {
            ending = true;
            var _ = context.close();
        }
        pump();
    }

    /** No further command is taken; the connection closes when those before are answered. */
    private void end(@Nullable Reply words) {
        ending = true;
        lastWords = words;
        if (open != null) {
            open.cut();
        }
    }

    private void sayLastWords() {
        if (busy || !context.channel().isActive()) {
            return;
        }
        Reply words = lastWords;
        lastWords = null;
        if (words != null) {
            services.meters().ended(RespCommand.OTHER, RespOutcome.ERROR, 0);
            var _ = context.write(words.message());
        }
        var _ = context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    private void releaseIfEmpty() {
        if (!input.isReadable()) {
            dropInput();
        }
    }

    private void dropInput() {
        input.release();
        input = Unpooled.EMPTY_BUFFER;
    }

    /** Looks after a client that owes something: the rest of a command, or reading its answers. */
    private void watch() {
        if (!watched && owes()) {
            watched = true;
            var _ = context.executor().schedule(this::look, services.stallNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private boolean owes() {
        boolean answersWait = !context.channel().isWritable();
        return context.channel().isActive()
                && !busy
                && (parser.isMidCommand() || input.isReadable() || answersWait || ending);
    }

    private void look() {
        watched = false;
        if (!owes()) {
            return;
        }
        long left = progressNanos + services.stallNanos() - System.nanoTime();
        if (left > 0) {
            watched = true;
            var _ = context.executor().schedule(this::look, left, TimeUnit.NANOSECONDS);
        } else {
            stalled("the client made no progress in the middle of a command, or read no answer");
            var _ = context.close();
        }
    }

    /** Called by any thread. */
    private void stalled(@Nullable String reason) {
        services.meters().stalled();
        log.atInfo()
                .addKeyValue("client", session.clientId)
                .addKeyValue("reason", reason)
                .log("a RESP client made no progress and is closed");
    }
}
