package kvstore.client.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The release, from what Maven leaves in every jar. */
final class Version implements IVersionProvider {
    private static final String RESOURCE = "/META-INF/maven/kvstore/kvstore-client/pom.properties";

    static String current() {
        try (InputStream in = Version.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                // classes that were never packed into a jar
                return "development";
            }
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version", "unknown");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String[] getVersion() {
        return new String[] {"kvstore " + current()};
    }
}
