package kvstore.server.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import kvstore.server.DaemonUnderTest;
import kvstore.server.GeneratedStubs;
import kvstore.server.testing.Browser;
import kvstore.testkit.Programs;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page as a person sees it, in a real browser. What it looks like is left in {@code target/page}. */
@Timeout(120)
final class PageInBrowserTest {
    private static final String HASH = "@00000000@0@084547b6c40ed5b05ba8cd0305db5bf74d5617673948d9ed193ab7d6cbc484d4";
    private static final String HOSTILE =
            "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>";

    @TempDir
    static Path directory;

    /** Chromium may still write while it ends. */
    @TempDir(cleanup = CleanupMode.NEVER)
    static Path scratch;

    private static DaemonUnderTest daemon;
    private static Browser browser;

    @BeforeAll
    static void start() throws Exception {
        Path chromium = Programs.require("chromium", "chromium");
        daemon = DaemonUnderTest.start(directory);
        GeneratedStubs stubs = new GeneratedStubs(daemon.tcp());
        ByteString value = ByteString.copyFrom(new byte[3 << 20]);
        for (String model : List.of("meta-llama/Llama-3.1-8B", HOSTILE)) {
            stubs.put(model + HASH, value);
        }
        stubs.get(List.of("meta-llama/Llama-3.1-8B" + HASH, "nothing"));
        browser = Browser.start(chromium, scratch);
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
        if (daemon != null) {
            daemon.close();
        }
    }

    private static void openAndWait(String hash) {
        browser.open("http://127.0.0.1:" + daemon.adminPort() + "/" + hash);
        browser.until("document.querySelectorAll('#throughput polyline').length > 1");
        browser.until("document.querySelectorAll('#models li').length === 2");
        browser.until("document.querySelectorAll('#segments rect').length > 0");
        browser.until("document.querySelectorAll('#misses li').length === 1");
    }

    @ParameterizedTest
    @CsvSource({"light, 1280, false, false", "dark, 1280, false, true", "phone, 390, true, false"})
    void showsWhatTheDaemonSays(String name, int width, boolean phone, boolean dark) throws IOException {
        browser.look(width, 900, phone, dark);
        openAndWait("");

        assertThat(browser.evaluate("document.getElementById('node').textContent"))
                .isEqualTo("test");
        assertThat(browser.evaluate("document.getElementById('state').textContent"))
                .isEqualTo("ready");
        assertThat(browser.evaluate("document.getElementById('chunks').textContent"))
                .isEqualTo("2");
        assertThat(browser.evaluate("document.getElementById('hit-ratio').textContent"))
                .isEqualTo("50.0%");
        assertThat(browser.evaluate("document.getElementById('models').textContent"))
                .contains("meta-llama/Llama-3.1-8B", "3 MiB, 1 chunks");
        assertThat(browser.evaluate("document.documentElement.scrollWidth"))
                .as("nothing sticks out")
                .isEqualTo(Integer.toString(width));
        assertThat(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
                .isEqualTo(dark ? "rgb(14, 19, 24)" : "rgb(244, 245, 247)");
        byte[] png = browser.screenshot();
        Path shots = Files.createDirectories(Path.of("target", "page"));
        Files.write(shots.resolve(name + ".png"), png);
        assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isEqualTo(width);
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void namesAreNeverMarkup() {
        openAndWait("#key=" + URLEncoder.encode(HOSTILE + HASH, StandardCharsets.UTF_8));
        browser.until("document.getElementById('explained').textContent.includes('It is here')");

        assertThat(browser.evaluate("document.querySelector('#explained code').textContent"))
                .isEqualTo(HOSTILE + HASH);
        assertThat(browser.evaluate("document.getElementById('models').textContent"))
                .contains(HOSTILE);
        assertThat(browser.evaluate("document.querySelectorAll('main img, main script').length"))
                .isEqualTo("0");
        assertThat(browser.evaluate("document.title")).isEqualTo("kvstore test");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void aKeyIsAskedForByHand() {
        openAndWait("");
        var _ = browser.evaluate("document.getElementById('key').value = 'nothing'");
        var _ = browser.evaluate("document.querySelector('#explain-form button').click()");

        browser.until("document.getElementById('explained').textContent.includes('It is not here')");
        assertThat(browser.evaluate("location.hash")).isEqualTo("#key=nothing");
    }

    /** Every field has a label, every picture a text, and text is told from its ground. */
    @Test
    void canBeReadByAll() {
        for (boolean dark : new boolean[] {false, true}) {
            browser.look(1280, 900, false, dark);
            openAndWait("");
            assertThat(browser.evaluate(
                            "[...document.querySelectorAll('input')].every((input) => input.labels.length > 0)"))
                    .isEqualTo("true");
            assertThat(
                            browser.evaluate(
                                    "[...document.querySelectorAll('svg')].every((svg) => svg.getAttribute('aria-label').length > 20)"))
                    .isEqualTo("true");
            assertThat(browser.evaluate(
                            "document.querySelectorAll('section:not([aria-labelledby]):not([aria-label])').length"))
                    .isEqualTo("0");
            assertThat(browser.evaluate(TOO_FAINT)).as(dark ? "dark" : "light").isEmpty();
        }
    }

    /** Texts whose contrast, as WCAG 2 computes it, is below 4.5. */
    private static final String TOO_FAINT = """
            (() => {
              const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
              const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
                .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
              const ground = (node) => {
                for (let at = node; at; at = at.parentElement) {
                  const colour = parse(getComputedStyle(at).backgroundColor);
                  if (colour.length < 4 || colour[3] > 0.5) { return colour; }
                }
                return [255, 255, 255];
              };
              const texts = [...document.querySelectorAll('body *')].filter((node) => node.getClientRects().length > 0
                && [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim() !== ''));
              return texts.map((node) => {
                const style = getComputedStyle(node);
                const [a, b] = [light(parse(node instanceof SVGElement ? style.fill : style.color)), light(ground(node))];
                return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.textContent.trim().slice(0, 40)];
              }).filter(([contrast]) => contrast < 4.5).map((each) => each.join(' ')).join('; ');
            })()""";
}
