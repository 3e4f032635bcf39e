package kvstore.server.identity;

import java.util.List;

/** Who calls, as far as that is proven. */
public sealed interface Caller {
    /** Nobody that can be told apart: a connection on TCP without TLS, before any AUTH. */
    Caller ANONYMOUS = new Anonymous();

    /** The names under which {@code tenants.file} may know this caller. */
    List<String> identities();

    /**
     * Who showed a certificate that one of {@code tls.client-ca} has signed.
     *
     * @param identities the names in it (SAN): {@code dns:a.example}, {@code uri:spiffe://a/b}, {@code email:}, {@code ip:}
     */
    record Certified(List<String> identities) implements Caller {
        public Certified {
            identities = List.copyOf(identities);
        }
    }

    /**
     * A process of this machine, as the kernel says it.
     *
     * @param uid its effective user
     * @param identities {@code uid:} and that number
     */
    record LocalUser(int uid, List<String> identities) implements Caller {
        public LocalUser(int uid) {
            this(uid, List.of("uid:" + Integer.toUnsignedString(uid)));
        }
    }

    /**
     * Who gave the right password to the RESP door.
     *
     * @param user as in AUTH
     * @param identities {@code user:} and that name
     */
    record PasswordUser(String user, List<String> identities) implements Caller {
        public PasswordUser(String user) {
            this(user, List.of("user:" + user));
        }
    }

    /** See {@link #ANONYMOUS}. */
    record Anonymous() implements Caller {
        private static final List<String> NAMES = List.of("anonymous");

        @Override
        public List<String> identities() {
            return NAMES;
        }
    }
}
