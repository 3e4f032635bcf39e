package kvstore.server.lm;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import kvstore.api.ChunkKey;
import kvstore.server.identity.Caller;
import kvstore.server.identity.Tenant;
import kvstore.server.metrics.LmCommand;
import kvstore.server.metrics.LmOutcome;
import kvstore.server.net.TcpDoor;
import kvstore.server.transfer.PeerGoneException;
import kvstore.server.transfer.PeerStalledException;
import kvstore.server.transfer.SocketIntake;
import kvstore.server.transfer.SocketOutlet;
import kvstore.store.LookupResult;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client. Requests are taken one at a time, each served by a virtual thread; meanwhile the socket is read only for the
 * value of a PUT, and only while there is a place for it. So a client that sends without end holds one buffer.
 *
 * <p>A client may be silent between requests for as long as it likes, because LMCache does not connect again, but not in
 * the middle of one. All methods run on the event loop, unless they say otherwise.
 */
final class LmConnection extends ChannelInboundHandlerAdapter implements TcpDoor.Drainable {
    private static final Logger log = LoggerFactory.getLogger(LmConnection.class);

    /** Below this rate a value holds memory that others want. */
    private static final long LEAST_BYTES_PER_SECOND = 1024 * 1024;

    private enum State {
        /** A request's header is to come. */
        HEADER,
        /** Its value is to come. */
        VALUE,
        /** All of it is there, and it is being served. */
        SERVING
    }

    private final LmServices services;
    private final String client;
    private final String clientId = UUID.randomUUID().toString();
    private final CompletableFuture<Void> gone = new CompletableFuture<>();

    private ChannelHandlerContext context;
    private SocketIntake intake;
    private SocketOutlet outlet;

    private State state = State.HEADER;
    private ByteBuf input = Unpooled.EMPTY_BUFFER;
    private boolean inputEnded;
    private boolean draining;
    private @Nullable LmForm form;
    private @Nullable LmRequest request;
    private @Nullable Thread serving;
    /** Ends the connection when what the client owes does not come. */
    private @Nullable Future<?> limit;

    /** @param client for logs */
    @SuppressWarnings("NullAway.Init") // handlerAdded comes before everything else
    LmConnection(LmServices services, String client) {
        this.services = services;
        this.client = client;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        intake = new SocketIntake(services.stallNanos(), () -> ctx.executor().execute(this::advance));
        outlet = new SocketOutlet(ctx.channel(), services.stallNanos());
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf bytes)) {
            ReferenceCountUtil.release(message);
            return;
        }
        input = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), input, bytes);
        advance();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        readMore();
    }

    /** A PUT that arrived whole is stored all the same: its client was told nothing, and may have ended in peace. */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        inputEnded = true;
        gone.complete(null);
        if (serving != null && request != null && request.command() != LmCommand.PUT) {
            serving.interrupt();
        }
        advance();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof IOException)) {
            log.atError().setCause(cause).log("an lm connection failed by a mistake in this program");
        }
        close();
    }

    /** Closes the connection as soon as no request is under way. */
    @Override
    public void drain() {
        draining = true;
        advance();
    }

    /** Does what can be done now. */
    private void advance() {
        boolean more = true;
        while (more) {
            more = step();
        }
        if (inputEnded && state != State.SERVING && !(state == State.VALUE && input.isReadable())) {
            intake.gone();
            dropInput();
            unlimited();
        }
        readMore();
    }

    /** Whether there may be more to do. */
    private boolean step() {
        return switch (state) {
            case HEADER -> begin();
            case VALUE -> {
                boolean whole = intake.offer(input);
                releaseIfEmpty();
                if (whole) {
                    state = State.SERVING;
                }
                yield false;
            }
            case SERVING -> false;
        };
    }

    private void readMore() {
        if (!inputEnded && (state == State.HEADER || (state == State.VALUE && !input.isReadable()))) {
            context.read();
        }
    }

    /** Begins the next request if its header is there; returns whether its value may be. */
    private boolean begin() {
        if (draining) {
            close();
            return false;
        }
        if (form == null && input.readableBytes() >= LmForm.DETECTION_BYTES) {
            form = LmForm.detect(input);
            log.atInfo().addKeyValue("client", client).addKeyValue("form", form).log("an lm client speaks");
        }
        if (form == null || input.readableBytes() < form.requestBytes()) {
            if (input.isReadable() && limit == null) {
                limited(services.stallNanos(), "the header of a request did not arrive whole");
            }
            return false;
        }
        unlimited();
        Optional<Tenant> tenant = services.tenant();
        if (tenant.isEmpty()) {
            String reason = "callers who are anonymous belong to no tenant (tenants.file)";
            services.access().audit().refused("lm", Caller.ANONYMOUS, "a request from " + client, reason);
            close();
            return false;
        }
        try {
            start(LmRequest.read(form, tenant.get(), input));
        } catch (LmProtocolException e) {
            services.meters().ended(LmCommand.UNKNOWN, LmOutcome.ERROR, 0);
            log.atInfo()
                    .addKeyValue("client", client)
                    .addKeyValue("reason", e.getMessage())
                    .log("an lm client broke the protocol and is closed");
            close();
            return false;
        }
        releaseIfEmpty();
        return state == State.VALUE;
    }

    private void start(LmRequest complete) {
        request = complete;
        state = State.SERVING;
        if (complete.length() > 0) {
            state = State.VALUE;
            intake.begin(complete.length());
            long seconds = complete.length() / LEAST_BYTES_PER_SECOND;
            long waitNanos = services.transfers().putWait().toNanos();
            limited(
                    services.stallNanos() + waitNanos + TimeUnit.SECONDS.toNanos(seconds),
                    "a value arrived too slowly");
        }
        serving = Thread.ofVirtual().name("lm").start(() -> run(complete));
    }

    /** Serves a request; on its virtual thread. */
    private void run(LmRequest complete) {
        long start = System.nanoTime();
        LmOutcome outcome = LmOutcome.CUT;
        try {
            outcome = serve(complete);
        } catch (PeerGoneException | InterruptedException _) {
            log.atDebug().addKeyValue("client", client).log("an lm client went in the middle of a request");
        } catch (PeerStalledException e) {
            stalled(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            log.atWarn()
                    .addKeyValue("client", client)
                    .addKeyValue("reason", e.getMessage())
                    .log("an lm connection cannot go on and is closed");
        } catch (RuntimeException | Error e) {
            log.atError().setCause(e).log("an lm request failed by a mistake in this program");
        }
        services.meters().ended(complete.command(), outcome, System.nanoTime() - start);
        boolean goesOn = outcome != LmOutcome.CUT;
        try {
            context.executor().execute(() -> served(goesOn));
        } catch (RejectedExecutionException _) {
            log.atDebug().log("the lm door closed before a request had ended");
        }
    }

    private LmOutcome serve(LmRequest complete) throws IOException, InterruptedException {
        return switch (complete.command()) {
            case PUT -> new LmPut(services.transfers(), complete, clientId, intake).run();
            case GET -> new LmGet(services.transfers(), complete, context.alloc(), outlet, gone).run();
            case EXIST -> exist(complete);
            case HEALTH -> answer(complete, true, LmOutcome.OK);
            // LMCache's own server never answers it, and no client of a release sends it.
            case LIST, UNKNOWN -> answer(complete, false, LmOutcome.ERROR);
        };
    }

    private LmOutcome exist(LmRequest complete) throws IOException {
        ChunkKey key = complete.key();
        if (key == null) {
            return answer(complete, false, LmOutcome.MISS);
        }
        long start = System.nanoTime();
        LookupResult result = services.transfers().store().lookup(List.of(key), clientId, services.leaseMillis());
        int found = result.leadingHits();
        services.transfers().metrics().lookup(1, found, found, System.nanoTime() - start);
        return answer(complete, found == 1, found == 1 ? LmOutcome.HIT : LmOutcome.MISS);
    }

    private LmOutcome answer(LmRequest complete, boolean success, LmOutcome outcome) throws IOException {
        outlet.write(complete.form().plain(context.alloc(), success));
        outlet.flush();
        return outcome;
    }

    private void served(boolean goesOn) {
        unlimited();
        serving = null;
        request = null;
        state = State.HEADER;
        if (goesOn) {
            advance();
        } else {
            close();
        }
    }

    /** Closes the connection after {@code nanos}, unless {@link #unlimited} comes before. */
    private void limited(long nanos, String otherwise) {
        limit = context.executor()
                .schedule(
                        () -> {
                            stalled(otherwise);
                            close();
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    private void unlimited() {
        if (limit != null) {
            limit.cancel(false);
            limit = null;
        }
    }

    /** Called by any thread. */
    private void stalled(String reason) {
        services.meters().stalled();
        log.atInfo()
                .addKeyValue("client", client)
                .addKeyValue("reason", reason)
                .log("an lm client made no progress and is closed");
    }

    private void close() {
        dropInput();
        var _ = context.close();
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
}
