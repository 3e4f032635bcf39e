package kvstore.dist;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.vafer.jdeb.Console;
import org.vafer.jdeb.DataConsumer;
import org.vafer.jdeb.DataProducer;
import org.vafer.jdeb.DebMaker;
import org.vafer.jdeb.PackagingException;
import org.vafer.jdeb.shaded.commons.compress.archivers.tar.TarArchiveEntry;
import org.vafer.jdeb.shaded.commons.compress.archivers.tar.TarConstants;

/** The package for Debian, Ubuntu and DGX OS. */
final class Deb {
    private Deb() {}

    /** Writes it among the packages of a release, and returns its path. */
    static Path write(Release release, Tree tree) throws IOException {
        String architecture = Machine.current().debian();
        Path deb = release.packages().resolve("kvstore_%s_%s.deb".formatted(release.packageVersion(), architecture));
        List<Tree.Entry> entries = tree.entries();
        DataProducer all = consumer -> feed(release, entries, consumer);
        DataProducer configuration = consumer -> feed(
                release, entries.stream().filter(Tree.Entry::isConfiguration).toList(), consumer);
        DebMaker maker = new DebMaker(new Quiet(), List.of(all), List.of(configuration));
        maker.setDeb(deb.toFile());
        maker.setControl(release.deploy("packages/deb").toFile());
        // not the brackets that it takes by itself: they are a command of the shell
        maker.setOpenReplaceToken("@{");
        maker.setCloseReplaceToken("}");
        maker.setResolver(Map.of("version", release.packageVersion(), "architecture", architecture)::get);
        // zstd would be unknown to Debian 11, and xz takes its time
        maker.setCompression("gzip");
        maker.setOutputTimestampMs(release.timestamp().toEpochMilli());
        maker.setEncoding(StandardCharsets.UTF_8);
        try {
            maker.validate();
            maker.makeDeb();
        } catch (PackagingException e) {
            throw new IOException("cannot make " + deb, e);
        }
        return deb;
    }

    private static void feed(Release release, List<Tree.Entry> entries, DataConsumer consumer) throws IOException {
        for (Tree.Entry entry : entries) {
            if (entry.isDirectory()) {
                consumer.onEachDir(header(release, entry, "./" + entry.path() + "/"));
            } else if (entry.isLink()) {
                consumer.onEachLink(link(release, entry));
            } else {
                TarArchiveEntry header = header(release, entry, "./" + entry.path());
                header.setSize(Files.size(entry.source()));
                try (InputStream content = Files.newInputStream(entry.source())) {
                    consumer.onEachFile(content, header);
                }
            }
        }
    }

    private static TarArchiveEntry link(Release release, Tree.Entry entry) throws IOException {
        TarArchiveEntry header = new TarArchiveEntry("./" + entry.path(), TarConstants.LF_SYMLINK);
        header.setLinkName(Files.readSymbolicLink(entry.source()).toString());
        return complete(release, entry, header);
    }

    private static TarArchiveEntry header(Release release, Tree.Entry entry, String name) {
        return complete(release, entry, new TarArchiveEntry(name, true));
    }

    private static TarArchiveEntry complete(Release release, Tree.Entry entry, TarArchiveEntry header) {
        header.setMode(entry.mode());
        header.setIds(0, 0);
        header.setNames("root", "root");
        header.setModTime(release.timestamp().toEpochMilli());
        return header;
    }

    /** It tells of each file. */
    private static final class Quiet implements Console {
        @Override
        public void debug(String message) {}

        @Override
        public void info(String message) {}

        @Override
        public void warn(String message) {
            System.err.println(message);
        }
    }
}
