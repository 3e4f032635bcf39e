package kvstore.server;

import java.security.cert.X509Certificate;
import javax.net.ssl.X509TrustManager;

/** Trusts everybody, for a client that wants to see how far it gets. */
enum Trusting implements X509TrustManager {
    ALL;

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
