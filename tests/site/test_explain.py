"""explain.html in a real browser that reaches no other host: what it shows, what it never does."""
import functools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import chromium
import pytest
from explain_texts import CODE, FILE, GOOD, IP, MARKS, MISTAKE, X, long_net, named

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
pytest.importorskip("jupyterlite_core", reason="the site is built in .venv-site")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

import pyodide_files  # noqa: E402
import pyodide_sources  # noqa: E402
import site_explain  # noqa: E402

ENDS = "Done.", "There is a mistake in line"


@pytest.fixture(scope="module")
def page(site, tmp_path_factory):
    """The page, in a browser of its own, once Python has started in it."""
    driver = chromium.start(tmp_path_factory.mktemp("explaining"))
    driver.saved = tmp_path_factory.mktemp("saved")
    driver.execute_cdp_cmd("Browser.setDownloadBehavior",
                           {"behavior": "allow", "downloadPath": str(driver.saved)})
    driver.get(site.address + "explain.html")
    until(driver, lambda: status(driver) == "Ready.")
    yield driver
    driver.quit()


def until(page, true):
    WebDriverWait(page, chromium.PATIENCE, 0.1).until(lambda _: true(), f"it says: {status(page)}")


def find(page, name):
    return page.find_element(By.ID, name)


def status(page):
    return find(page, "status").text


def explain(page, text):
    """Put a text there, press the button, wait for all of the answer; what is then shown."""
    page.execute_script("document.getElementById('text').value = arguments[0]", text)
    find(page, "explain").click()
    until(page, lambda: status(page).startswith(ENDS))
    until(page, lambda: not page.find_elements(By.CSS_SELECTOR, "iframe.coming"))
    return find(page, "result").text


def choose(page, name):
    Select(find(page, "example")).select_by_visible_text(name)
    until(page, lambda: status(page).startswith(ENDS))
    until(page, lambda: not page.find_elements(By.CSS_SELECTOR, "iframe.coming"))
    return find(page, "result").text


def in_frame(page, script):
    """What a script gives inside of the picture's frame."""
    page.switch_to.frame(page.find_element(By.CSS_SELECTOR, "#picture iframe"))
    try:
        return page.execute_script(script)
    finally:
        page.switch_to.default_content()


# --- what is shown ----------------------------------------------------------------------


def test_an_lstm_is_shown_with_steps_counts_and_shared_weights(page):
    shown = choose(page, "An LSTM, 20 steps")
    assert "13 layers × 20 steps" in shown and "35,800" in shown and "× 20" in shown
    assert "w_Mhw 200×50, used 20 times" in shown and "No known trap" in shown
    assert in_frame(page, "return document.querySelectorAll('svg [data-step]').length") > 3


def test_the_forget_bias_has_a_slider_that_changes_the_gradients(page):
    choose(page, "Two layers, 8 steps")
    drawn = ("const bias = document.getElementById('bias'); bias.value = {}; bias.oninput();"
             "return document.querySelector('#maps svg').outerHTML")
    assert in_frame(page, drawn.format(0)) != in_frame(page, drawn.format(6))


def test_lenet_has_its_known_number_of_weights(page):
    assert "431,080" in choose(page, "LeNet")


def test_every_example_is_explained(page):
    names = [option.text for option in Select(find(page, "example")).options[1:]]
    assert len(names) == 5
    for name in names:
        shown = choose(page, name)
        assert "The layers" in shown
        assert find(page, "problem").is_displayed() == ("mistake" in name)


def test_a_mistake_is_shown_with_its_line_and_what_would_be_right(page):
    shown = explain(page, MISTAKE)
    assert "line 3" in shown and "Did you mean 'num_output'" in shown
    assert "The layers" in shown and status(page) == "There is a mistake in line 3."
    find(page, "line").click()
    assert page.execute_script("return getSelection().toString()").strip() == (
        "inner_product_param { num_outputs: 4 } }")


@pytest.mark.parametrize("text, said", [
    ("this is no net", "no field named"), ("layer {", "Expected"),
    ("layer { " * 3000, "line 1"), (X + IP.replace("InnerProduct", "InnerProdukt"),
                                    "Did you mean 'InnerProduct'"),
    (X + IP.replace('bottom: "x"', 'bottom: "z"'), "Unknown bottom blob 'z'"),
    ('net: "a.prototxt"\nbase_lr: 0.1\n', "is a solver")])
def test_what_is_no_net_gets_the_reason_and_leaves_the_page_alive(page, text, said):
    assert said in explain(page, text)
    assert "2×4" in explain(page, GOOD)


@pytest.mark.parametrize("text", [CODE, FILE])
def test_a_net_that_would_run_code_or_open_files_is_drawn_and_not_built(page, text):
    shown = explain(page, text)
    assert find(page, "note").is_displayed() or find(page, "problem").is_displayed()
    assert "How large is it?" not in shown and "root:" not in shown
    assert in_frame(page, "return document.querySelectorAll('svg').length") > 0


def test_a_text_too_long_is_refused_with_the_limit_and_nothing_hangs(page):
    explain(page, GOOD)
    page.execute_script("document.getElementById('text').value = '#'.repeat(3000000)")
    find(page, "explain").click()
    assert "3,000,000 characters" in status(page) and "500,000" in status(page)
    assert "2×4" in explain(page, GOOD)


def test_an_empty_text_asks_for_one(page):
    page.execute_script("document.getElementById('text').value = ' \\n'")
    find(page, "explain").click()
    assert "Paste a prototxt" in status(page)


def test_the_phase_says_which_layers_are_shown(page):
    text = X + 'layer { name: "d" type: "Dropout" bottom: "x" top: "d" include { phase: TRAIN } }'
    assert "Dropout" in explain(page, text)
    Select(find(page, "phase")).select_by_visible_text("TEST")
    until(page, lambda: "Dropout" not in find(page, "sections").text)
    Select(find(page, "phase")).select_by_visible_text("TRAIN")
    until(page, lambda: "Dropout" in find(page, "sections").text)


def test_a_long_computation_can_be_cancelled_and_the_page_goes_on(page):
    page.execute_script("document.getElementById('text').value = arguments[0]", long_net(7000))
    find(page, "explain").click()
    find(page, "cancel").click()
    until(page, lambda: status(page) == "Ready.")
    assert "2×4" in explain(page, GOOD)


def test_an_error_that_nobody_foresaw_is_said_to_be_one_with_what_to_do_and_the_page_goes_on(page):
    explain(page, GOOD)
    page.execute_script("document.getElementById('phase').options[0].value = 'NOWHERE'")
    page.execute_script("document.getElementById('text').value = arguments[0]", X)
    find(page, "explain").click()
    until(page, lambda: status(page).endswith("python -m lstm_lib explain FILE"))  # started anew
    assert status(page).startswith("This failed") and "'NOWHERE'" in status(page)
    assert not find(page, "result").is_displayed(), "it is of the net before"
    page.execute_script("document.getElementById('phase').options[0].value = 'TRAIN'")
    assert "2×4" in explain(page, GOOD) and status(page) == "Done."


# --- what never happens -----------------------------------------------------------------


@pytest.mark.parametrize("mark", MARKS)
def test_a_name_is_shown_as_text_and_never_becomes_markup_or_script(page, mark):
    shown = explain(page, named(mark))
    written = mark.replace('\\"', '"').translate({0x202e: "⟨U+202E⟩", 0x2066: "⟨U+2066⟩"})
    assert written in shown and "\u202e" not in shown
    for look in (page.execute_script, functools.partial(in_frame, page)):
        assert look("return [typeof window.hurt, document.images.length,"
                    " document.querySelectorAll('#hurt').length]") == ["undefined", 0, 0]
    assert len(page.find_elements(By.TAG_NAME, "iframe")) == 1
    assert in_frame(page, "return document.body.textContent.includes('\\u202e')") is False


def test_the_frame_of_the_picture_reaches_nothing_of_the_page(page):
    explain(page, GOOD)
    frame = page.find_element(By.CSS_SELECTOR, "#picture iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    assert in_frame(page, "try { return top.document.title } catch { return 'no' }") == "no"


def test_explaining_asks_nothing_of_any_host(page, site):
    asked = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    before = page.execute_script(asked)
    assert before and all(name.startswith((site.address, "blob:", "data:")) for name in before)
    explain(page, named(MARKS[1]))
    after = page.execute_script(asked)[len(before):]
    assert all(name.startswith("blob:") for name in after)


def test_the_published_page_may_ask_itself_and_the_host_of_pyodide_alone():
    policy = site_explain.policy(pyodide_files.Pyodide(pyodide_sources.CDN, "lock", []))
    parts = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    host = pyodide_sources.CDN.split("/pyodide/")[0]
    assert parts["default-src"] == ["'none'"] and parts["connect-src"] == ["'self'", host]
    assert "'unsafe-inline'" not in parts["script-src"] and "'unsafe-eval'" not in policy


class Listener(BaseHTTPRequestHandler):
    """Another server, which notes that somebody came."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(204)
        self.end_headers()


def test_the_policy_keeps_page_and_thread_from_sending_anything(page):
    other = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    other.asked, address = [], f"http://127.0.0.1:{other.server_port}/"
    threading.Thread(target=other.serve_forever, daemon=True).start()
    fetches = "fetch(arguments[0]).then(() => 'sent', () => 'refused')"
    done = "const end = arguments[arguments.length - 1];"
    assert page.execute_async_script(
        f"{done} {fetches}.then(end)", address + "stolen") == "refused"
    program = (f"fetch('{address}stolen').then(() => 'sent', () => 'refused')"
               ".then(postMessage)")
    assert page.execute_async_script(
        f"{done} const worker = new Worker(URL.createObjectURL(new Blob([arguments[0]])));"
        "worker.onmessage = event => end(event.data);", program) == "refused"
    assert not other.asked
    other.shutdown()


# --- in and out -------------------------------------------------------------------------


def test_a_link_holds_the_net_and_its_phase(page):
    explain(page, named(MARKS[0]))
    find(page, "link").click()
    until(page, lambda: "#net=" in page.current_url)
    link = page.current_url.split("#")[1]
    explain(page, GOOD)
    page.execute_script("location.hash = arguments[0]", link.replace("TRAIN", "TEST"))
    until(page, lambda: MARKS[0] in find(page, "title").text)
    assert find(page, "text").get_attribute("value") == named(MARKS[0])
    assert find(page, "phase").get_attribute("value") == "TEST"
    page.refresh()  # as one who opens the link
    until(page, lambda: MARKS[0] in find(page, "title").text)
    assert find(page, "phase").get_attribute("value") == "TEST"
    Select(find(page, "phase")).select_by_visible_text("TRAIN")


def test_a_link_that_was_cut_off_or_has_no_end_is_refused(page):
    page.execute_script("location.hash = 'net=eJx'")
    until(page, lambda: "cannot be read" in status(page))
    page.execute_async_script(
        "const end = arguments[0]; import('./explain/explain_link.js').then(async link => {"
        "location.hash = (await link.linkTo('#'.repeat(5e7), 'TRAIN')).split('#')[1]; end() })")
    until(page, lambda: "more than 500,000" in status(page))


def test_a_damaged_link_is_told_of_although_python_starts_meanwhile(page, site):
    page.get("about:blank")
    page.get(site.address + "explain.html#net=eJx")
    until(page, lambda: status(page).endswith("the link was cut off."))  # nothing loads any more
    assert "cannot be read" in status(page)
    assert "2×4" in explain(page, GOOD) and status(page) == "Done."


def test_a_dropped_file_is_explained(page):
    page.execute_script(
        "const data = new DataTransfer(); data.items.add(new File([arguments[0]], 'a.prototxt'));"
        "document.getElementById('text').dispatchEvent(new DragEvent('drop',"
        " { dataTransfer: data, bubbles: true, cancelable: true }))", GOOD.replace("4", "7"))
    until(page, lambda: "2×7" in find(page, "result").text)


def saved(page, name):
    file = page.saved / name
    until(page, lambda: file.exists() and not list(page.saved.glob("*.crdownload")))
    return file.read_bytes()


def test_what_is_saved_is_whole(page):
    text = 'name: "saved"\n' + GOOD
    explain(page, text)
    for ending in ("svg", "png", "html", "prototxt"):
        find(page, ending).click()
    assert ElementTree.fromstring(saved(page, "saved.svg")).tag.endswith("svg")
    png = saved(page, "saved.png")
    assert png.startswith(b"\x89PNG") and b"IEND" in png[-12:]
    assert saved(page, "saved.prototxt").decode() == text
    html = saved(page, "saved.html").decode()
    assert html.rstrip().endswith("</html>") and "How large is it?" in html


# --- for everybody ----------------------------------------------------------------------


def test_the_keyboard_alone_does_it(page):
    page.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    reached = []
    for _ in range(8):
        webdriver.ActionChains(page).send_keys(Keys.TAB).perform()
        reached.append(page.switch_to.active_element.get_attribute("id"))
        if reached[-1] == "text":
            break
    assert reached[-4:] == ["example", "phase", "open", "text"]
    chain = webdriver.ActionChains(page)
    chain.key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL)
    chain.send_keys(GOOD.replace("4", "9")).key_down(Keys.CONTROL).send_keys(Keys.ENTER)
    chain.key_up(Keys.CONTROL).perform()
    until(page, lambda: "2×9" in find(page, "result").text)


@pytest.fixture
def phone(page):
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", dict(
        width=390, height=844, deviceScaleFactor=2, mobile=True))
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", dict(
        features=[dict(name="prefers-color-scheme", value="dark")]))
    yield page
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", dict(features=[]))


@pytest.mark.parametrize("name", ["An LSTM, 20 steps", "A net with a mistake"])
def test_on_a_phone_nothing_stands_out_of_the_page(phone, name):
    choose(phone, name)
    assert phone.execute_script("return document.documentElement.scrollWidth") <= 390


def test_in_the_dark_words_are_light_and_paper_is_dark(phone):
    explain(phone, MISTAKE)
    for part in ("body", "#problem", "#text", "#explain"):
        paper, ink = phone.execute_script(
            "const style = getComputedStyle(document.querySelector(arguments[0]));"
            "return [style.backgroundColor, style.color]", part)
        assert abs(lightness(paper) - lightness(ink)) > 90, part
    assert lightness(phone.execute_script(
        "return getComputedStyle(document.body).backgroundColor")) < 60


def lightness(colour):
    return sum(map(int, colour[colour.index("(") + 1:-1].split(",")[:3])) / 3
