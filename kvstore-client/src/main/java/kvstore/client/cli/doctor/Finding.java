package kvstore.client.cli.doctor;

import java.util.Locale;

/**
 * One line of the report.
 *
 * @param check what was looked at
 * @param found what is there
 * @param cure what helps; empty where nothing needs to
 */
record Finding(String check, String found, Verdict verdict, String cure) {
    enum Verdict {
        /** As it has to be. */
        OK,
        /** Works, and worth to know. */
        NOTE,
        /** Keeps chunks from being found or stored. */
        PROBLEM,
        /** Could not be looked at; the cure says what it needs. */
        SKIPPED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Finding ok(String check, String found) {
        return new Finding(check, found, Verdict.OK, "");
    }

    static Finding note(String check, String found, String cure) {
        return new Finding(check, found, Verdict.NOTE, cure);
    }

    static Finding problem(String check, String found, String cure) {
        return new Finding(check, found, Verdict.PROBLEM, cure);
    }

    static Finding skipped(String check, String cure) {
        return new Finding(check, "not looked at", Verdict.SKIPPED, cure);
    }
}
