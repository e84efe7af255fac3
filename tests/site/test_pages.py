"""The pages that are read: what they show, where they lead, and that they ask no other host."""
import html.parser
import json
import urllib.parse

import make_site
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 600  # seconds, against hanging
STEMS = sorted(path.stem for path in (make_site.ROOT / "notebooks").glob("[0-9]*.ipynb"))
NOTEBOOKS = [f"notebooks/{stem}.html" for stem in STEMS]
READ = ["index.html", *NOTEBOOKS, "TEACHING.html", "README.html", "api/lstm_lib.html",
        "api/portable_caffe.html", "lstm_lib/README.html", "portable_caffe/README.html",
        "benchmarks/README.html", "deploy/README.html", "genindex.html"]


class Page(html.parser.HTMLParser):
    """What a page links to, loads, names, and shows without words."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.anchors, self.wordless = [], [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("img", "script", "link", "iframe", "source"):
            self.loads += [given[name] for name in ("src", "href") if given.get(name)]
        if tag == "img" and not (given.get("alt") or "").strip():
            self.wordless.append(given.get("src", "")[:80])


@pytest.fixture(scope="session")
def pages(site):
    return {str(path.relative_to(site.folder)): Page(path) for path in site.folder.rglob("*.html")
            if path.relative_to(site.folder).parts[0] not in ("lite", "static", "_static")}


def is_elsewhere(address):
    return bool(urllib.parse.urlsplit(address).scheme or address.startswith("//"))


def open_page(browser, site, name, width=1280):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600})
    browser.get_log("performance")
    browser.get(site.address + name)


def wait(browser, what):
    return WebDriverWait(browser, PATIENCE).until(what)


def test_all_pages_that_are_named_are_there(pages):
    assert set(READ) | {"explain.html", "search.html"} <= set(pages)


def test_no_link_of_a_page_is_broken_and_no_anchor(site, pages):
    broken = []
    for name, page in pages.items():
        for link in page.links + page.loads:
            if is_elsewhere(link):
                continue
            parts = urllib.parse.urlsplit(link)
            target = (site.folder / name).parent / urllib.parse.unquote(parts.path)
            target = (site.folder / name if not parts.path else target).resolve()
            if target.is_dir():
                target = target / "index.html"
            there = pages.get(str(target.relative_to(site.folder.resolve())))
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists() or anchor and there and anchor not in there.anchors:
                broken.append((name, link))
    assert broken == []


def test_what_a_page_loads_is_of_this_site(pages):
    assert [(name, load) for name, page in pages.items() for load in page.loads
            if is_elsewhere(load) and not load.startswith("data:")] == []


def test_each_image_says_in_words_what_it_shows(pages):
    assert {name: page.wordless for name, page in pages.items() if page.wordless} == {}


@pytest.mark.parametrize("name", READ)
def test_the_browser_is_asked_for_no_other_host_and_finds_all_it_asks_for(browser, site, name):
    open_page(browser, site, name)
    wait(browser, lambda driver: driver.execute_script("return document.readyState") == "complete")
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events
             if event["method"] == "Network.requestWillBeSent"]
    missing = [event["params"]["response"]["url"] for event in events
               if event["method"] == "Network.responseReceived"
               and event["params"]["response"]["status"] >= 400]
    assert any(url.startswith(site.address + name) for url in asked)
    assert [url for url in asked if not url.startswith((site.address, "data:", "blob:", "about:"))
            ] == []
    assert missing == []


@pytest.mark.parametrize("name", READ)
def test_on_a_phone_nothing_stands_beside_the_page(browser, site, name):
    open_page(browser, site, name, width=390)
    assert browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]") == [390, 390]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_beside_both_lists_what_a_cell_printed_stays_in_its_column(browser, site, name):
    open_page(browser, site, name)
    assert browser.execute_script("""
        return [...document.querySelectorAll(".cell_output .output")]
            .filter(output => output.scrollWidth > output.clientWidth + 1)
            .map(output => output.textContent.slice(0, 60))""") == []


def test_the_search_finds_the_forget_bias(browser, site):
    open_page(browser, site, "search.html?q=forget+bias")
    found = wait(browser, lambda driver: [link.get_attribute("href") for link in
                 driver.find_elements(By.CSS_SELECTOR, "#search-results li a")])
    assert any("/notebooks/" in address for address in found)


def test_next_leads_from_the_first_notebook_to_the_last_and_back(browser, site):
    open_page(browser, site, NOTEBOOKS[0])
    for way, names in (("right-next", NOTEBOOKS[1:]), ("left-prev", NOTEBOOKS[-2::-1])):
        for name in names:
            link = browser.find_element(By.CSS_SELECTOR, f"a.{way}")
            browser.get(link.get_attribute("href"))
            assert browser.current_url == site.address + name


@pytest.mark.parametrize("name", [NOTEBOOKS[1], "api/lstm_lib.html"])
def test_formulas_are_set_and_no_dollar_or_error_is_left(browser, site, name):
    open_page(browser, site, name)
    wait(browser, lambda driver: driver.execute_script(
        "return window.MathJax && MathJax.startup && MathJax.startup.document "
        "&& document.querySelectorAll('.math').length > 0 "
        "&& document.querySelectorAll('mjx-container').length "
        "   >= document.querySelectorAll('.math').length"))
    assert browser.find_elements(By.CSS_SELECTOR, "mjx-merror") == []


def test_an_answer_is_folded_and_opens_by_the_keyboard(browser, site):
    open_page(browser, site, NOTEBOOKS[1])
    fold = next(fold for fold in browser.find_elements(By.CSS_SELECTOR, "article details")
                if fold.find_element(By.TAG_NAME, "summary").text.startswith("Answer"))
    assert not fold.get_property("open")
    fold.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert fold.get_property("open")


def test_an_output_that_is_to_be_guessed_is_folded(browser, site):
    open_page(browser, site, NOTEBOOKS[0])
    folds = browser.find_elements(By.CSS_SELECTOR, ".tag_hide-output details")
    assert folds and not any(fold.get_property("open") for fold in folds)


def test_the_switch_makes_a_page_dark_and_its_pictures_stay_on_white(browser, site):
    open_page(browser, site, "index.html")
    browser.find_element(By.CSS_SELECTOR, "button.theme-switch-button").send_keys(Keys.ENTER)
    dark = browser.find_element(By.CSS_SELECTOR, "button.theme-change-button[data-mode=dark]")
    wait(browser, lambda driver: dark.is_displayed())
    dark.send_keys(Keys.ENTER)
    assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"
    picture = browser.find_element(By.CSS_SELECTOR, "article img")
    assert picture.value_of_css_property("background-color") == "rgba(255, 255, 255, 1)"


def test_in_the_dark_an_output_lies_on_the_page_itself_and_a_picture_on_white(browser, site):
    open_page(browser, site, NOTEBOOKS[1])
    browser.execute_script("document.documentElement.dataset.theme = 'dark'")
    outputs = browser.find_elements(By.CSS_SELECTOR, ".cell_output .text_html")
    assert outputs and {output.value_of_css_property("background-color") for output in outputs
                        } == {"rgba(0, 0, 0, 0)"}
    pictures = browser.find_elements(By.CSS_SELECTOR, "article img")
    assert pictures and {picture.value_of_css_property("background-color") for picture in pictures
                         } == {"rgba(255, 255, 255, 1)"}


def test_run_is_reached_by_the_keyboard_and_leads_to_this_notebook(browser, site):
    for stem, name in zip(STEMS, NOTEBOOKS):
        open_page(browser, site, name)
        button = browser.find_element(By.CSS_SELECTOR, "a.btn-run-button")
        assert button.get_attribute("href") == (
            f"{site.address}lite/notebooks/index.html?path={stem}.ipynb")
        assert (site.folder / "lite" / "files" / f"{stem}.ipynb").is_file()
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    for _ in range(60):
        focused = browser.switch_to.active_element
        if "btn-run-button" in (focused.get_attribute("class") or ""):
            return
        focused.send_keys(Keys.TAB)
    raise AssertionError("Tab does not lead to Run")


def test_the_interactive_page_of_notebook_04_plays(browser, site):
    open_page(browser, site, NOTEBOOKS[4])
    frame = browser.find_element(By.CSS_SELECTOR, "article iframe")
    browser.execute_script("arguments[0].scrollIntoView()", frame)
    browser.switch_to.frame(frame)
    try:
        slider = wait(browser, lambda driver: driver.find_elements(
            By.CSS_SELECTOR, "input[type=range]"))[0]
        before = slider.get_property("value")
        slider.send_keys(Keys.ARROW_RIGHT)
        assert slider.get_property("value") != before
    finally:
        browser.switch_to.default_content()


def test_every_public_name_of_lstm_lib_is_explained(pages):
    import lstm_lib

    anchors = pages["api/lstm_lib.html"].anchors
    guests = {"NetError", "NoGPU", "caffe"}
    modules = {"views": "module-lstm_lib.views"}
    assert [name for name in lstm_lib.__all__ if name not in guests
            and modules.get(name) not in anchors
            and not any(anchor.split(".")[-1] == name for anchor in anchors)] == []
