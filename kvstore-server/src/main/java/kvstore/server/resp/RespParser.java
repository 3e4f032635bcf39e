package kvstore.server.resp;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kvstore.api.ChunkKey;

/**
 * Takes commands out of a client's bytes, one at a time: what follows a command stays undecoded until somebody asks. Holds
 * the beginnings of arguments and never a value: the third argument of SET is left in the buffer for its owner to move.
 *
 * <p>Why not Netty's: {@code docs/decisions/0010}. Not thread-safe.
 */
final class RespParser {
    /** Longest argument, in bytes; Redis' own limit ({@code proto-max-bulk-len}). */
    static final long MAX_BULK_BYTES = 512L * 1024 * 1024;

    /** What is kept of the argument after a command's name, in bytes: PING and ECHO send it back. */
    static final int MAX_FIRST_BYTES = 64 * 1024;

    /** What is kept of every other one, in bytes; one more than the longest key, to tell that it is too long. */
    static final int MAX_OTHER_BYTES = ChunkKey.MAX_BYTES + 1;

    /** Longest line of a command that was typed by hand, in bytes; Redis' own limit. */
    private static final int MAX_INLINE_BYTES = 64 * 1024;

    /** A type, a sign, digits, and the end of the line. */
    private static final int MAX_HEADER_BYTES = 32;

    private static final int VALUE_INDEX = 2;

    /** What {@link #next} came to. */
    enum Step {
        /** The end of what has arrived. */
        MORE,
        /** A value begins: {@link #valueLength} bytes that the caller takes from the buffer, then {@link #valueTaken}. */
        VALUE,
        /** A command is complete: {@link #take}. */
        COMMAND
    }

    private enum State {
        BEGIN,
        LENGTH,
        BODY,
        VALUE,
        END
    }

    private final int maxArguments;

    private State state = State.BEGIN;
    private List<Argument> arguments = new ArrayList<>();
    private int argumentsLeft;
    private byte[] kept = {};
    private int keptFilled;
    private long length;
    private long bytesLeft;

    /** @param maxArguments most arguments of one command, its name among them */
    RespParser(int maxArguments) {
        this.maxArguments = maxArguments;
    }

    /**
     * Goes on up to the next step.
     *
     * @throws RespProtocolException if this cannot be a command
     */
    Step next(ByteBuf in) throws RespProtocolException {
        while (true) {
            switch (state) {
                case BEGIN -> {
                    if (!in.isReadable()) {
                        return Step.MORE;
                    }
                    if (in.getByte(in.readerIndex()) != '*') {
                        if (!readInline(in)) {
                            return Step.MORE;
                        }
                        if (!arguments.isEmpty()) {
                            return Step.COMMAND;
                        }
                    } else if (!readArrayHeader(in)) {
                        return Step.MORE;
                    }
                }
                case LENGTH -> {
                    if (!readBulkHeader(in)) {
                        return Step.MORE;
                    }
                    if (state == State.VALUE) {
                        return Step.VALUE;
                    }
                }
                case BODY -> {
                    readBody(in);
                    if (bytesLeft > 0) {
                        return Step.MORE;
                    }
                    state = State.END;
                }
                case VALUE -> throw new IllegalStateException("the value has to be taken first");
                case END -> {
                    if (in.readableBytes() < 2) {
                        return Step.MORE;
                    }
                    if (in.readByte() != '\r' || in.readByte() != '\n') {
                        throw new RespProtocolException("an argument does not end where its length says");
                    }
                    arguments.add(new Argument(kept, length));
                    argumentsLeft--;
                    state = argumentsLeft == 0 ? State.BEGIN : State.LENGTH;
                    if (argumentsLeft == 0) {
                        return Step.COMMAND;
                    }
                }
            }
        }
    }

    /** The arguments so far, of the command whose value begins. */
    List<Argument> begun() {
        return List.copyOf(arguments);
    }

    /** Length of the value that begins, in bytes. */
    long valueLength() {
        return length;
    }

    /** The value's bytes are out of the buffer. */
    void valueTaken() {
        state = State.END;
    }

    /** The arguments of the complete command; of a value that was left in the buffer only the length. */
    List<Argument> take() {
        List<Argument> complete = arguments;
        arguments = new ArrayList<>();
        return complete;
    }

    /** Whether a command has begun and is not complete. */
    boolean isMidCommand() {
        return state != State.BEGIN;
    }

    private boolean readArrayHeader(ByteBuf in) throws RespProtocolException {
        int end = endOfLine(in, MAX_HEADER_BYTES, "too big mbulk count string");
        if (end < 0) {
            return false;
        }
        long count = readNumber(in, end, "invalid multibulk length");
        if (count > maxArguments) {
            throw new RespProtocolException(
                    "invalid multibulk length: " + count + " arguments, at most " + maxArguments + " are allowed");
        }
        if (count > 0) {
            argumentsLeft = (int) count;
            state = State.LENGTH;
        }
        return true;
    }

    private boolean readBulkHeader(ByteBuf in) throws RespProtocolException {
        if (!in.isReadable()) {
            return false;
        }
        byte type = in.getByte(in.readerIndex());
        if (type != '$') {
            throw new RespProtocolException("expected '$', got '" + printable(type) + "'");
        }
        int end = endOfLine(in, MAX_HEADER_BYTES, "too big bulk count string");
        if (end < 0) {
            return false;
        }
        length = readNumber(in, end, "invalid bulk length");
        if (length < 0 || length > MAX_BULK_BYTES) {
            throw new RespProtocolException("invalid bulk length");
        }
        bytesLeft = length;
        keptFilled = 0;
        if (arguments.size() == VALUE_INDEX && arguments.getFirst().word().equals("SET")) {
            kept = new byte[0];
            state = State.VALUE;
        } else {
            int most = arguments.size() <= 1 ? MAX_FIRST_BYTES : MAX_OTHER_BYTES;
            kept = new byte[(int) Math.min(length, most)];
            state = State.BODY;
        }
        return true;
    }

    private void readBody(ByteBuf in) {
        int keep = Math.min(kept.length - keptFilled, in.readableBytes());
        in.readBytes(kept, keptFilled, keep);
        keptFilled += keep;
        bytesLeft -= keep;
        if (keptFilled == kept.length) {
            int drop = (int) Math.min(bytesLeft, in.readableBytes());
            in.skipBytes(drop);
            bytesLeft -= drop;
        }
    }

    /** A line of words, as people type it. */
    private boolean readInline(ByteBuf in) throws RespProtocolException {
        int end = endOfLine(in, MAX_INLINE_BYTES, "too big inline request");
        if (end < 0) {
            return false;
        }
        byte[] line = new byte[end - in.readerIndex()];
        in.readBytes(line);
        in.skipBytes(1);
        int start = 0;
        for (int i = 0; i <= line.length; i++) {
            if (i == line.length || line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
                if (i > start) {
                    if (arguments.size() == maxArguments) {
                        throw new RespProtocolException("too many arguments");
                    }
                    arguments.add(new Argument(Arrays.copyOfRange(line, start, i)));
                }
                start = i + 1;
            }
        }
        return true;
    }

    /** Where the line's {@code \n} is; -1 if it has not arrived. */
    private static int endOfLine(ByteBuf in, int maxBytes, String otherwise) throws RespProtocolException {
        int visible = Math.min(in.readableBytes(), maxBytes);
        int end = in.indexOf(in.readerIndex(), in.readerIndex() + visible, (byte) '\n');
        if (end < 0 && visible == maxBytes) {
            throw new RespProtocolException(otherwise);
        }
        return end;
    }

    /** The number between a type and {@code \r\n}, which are taken from the buffer too. */
    private static long readNumber(ByteBuf in, int end, String otherwise) throws RespProtocolException {
        int start = in.readerIndex() + 1;
        boolean negative = start < end && in.getByte(start) == '-';
        int digits = negative ? start + 1 : start;
        if (end - digits < 2 || end - digits > 19 || in.getByte(end - 1) != '\r') {
            throw new RespProtocolException(otherwise);
        }
        long number = 0;
        for (int i = digits; i < end - 1; i++) {
            int digit = in.getByte(i) - '0';
            if (digit < 0 || digit > 9) {
                throw new RespProtocolException(otherwise);
            }
            number = number * 10 + digit;
        }
        in.readerIndex(end + 1);
        return negative ? -number : number;
    }

    private static String printable(byte character) {
        return character >= ' ' && character < 127
                ? String.valueOf((char) character)
                : String.format("\\x%02x", Byte.toUnsignedInt(character));
    }
}
