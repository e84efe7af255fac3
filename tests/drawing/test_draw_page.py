"""The interactive page in a real headless browser: do something, look at what changed."""
import chromium
import numpy as np
import pytest
from drawn_nets import PERCEPTRON, modules, unrolled

from lstm_lib import caffe, draw, load_net
from lstm_lib.drawing.values import SHADES

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = chromium.start(tmp_path_factory.mktemp("browser"), 1300, 700)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Pages of an unrolled net that has run (T = 10), of one without steps, and of long ones."""
    folder = tmp_path_factory.mktemp("pages")
    caffe.set_random_seed(0)  # with some weights no gradient that is shown has a negative mean
    net = load_net(unrolled(10), force_backward=True)
    net.blobs["x"].data[...] = np.linspace(-1, 1, net.blobs["x"].count).reshape(10, 2, 3)
    net.forward()
    net.blobs["h_T"].diff[...] = 1
    net.backward()
    draw(net, path=folder / "lstm.html")
    draw(PERCEPTRON, path=folder / "perceptron.html")
    for steps in (40, 100):
        draw(unrolled(steps), path=folder / f"{steps}_steps.html")
    return folder


@pytest.fixture
def page(browser, files):
    browser.get(f"file://{files}/lstm.html")
    yield browser
    errors = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not errors, errors


def by_id(page, name):
    return page.find_element(By.ID, name)


def picture(page):
    return next(view for view in page.find_elements(By.CSS_SELECTOR, ".picture")
                if view.is_displayed())


def named(page, name):
    """The drawn node of a layer."""
    script = """return [...document.querySelectorAll('.picture:not([hidden]) [data-n]')].find(
        g => JSON.parse(document.getElementById('net').textContent)
             .nodes[g.dataset.n].name === arguments[0])"""
    return page.execute_script(script, name)


def hover(page, element):
    """As a pointer does, wherever on the sheet the element is."""
    page.execute_script("arguments[0].dispatchEvent(new PointerEvent('pointerover', "
                        "{bubbles: true}))", element)


def until(page, true):
    """Wait until it is true of the page."""
    WebDriverWait(page, chromium.PATIENCE, poll_frequency=0.02).until(true)


def width(page, element):
    """On the screen, in pixels."""
    return page.execute_script("return arguments[0].getBoundingClientRect().width", element)


def view_box(page, attribute="viewBox"):
    svg = page.find_element(By.CSS_SELECTOR, ".picture:not([hidden]) svg")
    return [float(v) for v in svg.get_dom_attribute(attribute).split()]


def names_with(page, kind):
    return page.execute_script("""
        const net = JSON.parse(document.getElementById('net').textContent);
        return [...new Set([...document.querySelectorAll('.picture:not([hidden]) [data-n].'
        + arguments[0])].map(g => net.nodes[g.dataset.n].name))]""", kind)


def test_search_lists_layers_and_enter_goes_to_the_first(page):
    by_id(page, "search").send_keys("lstm/act_c")
    found = by_id(page, "found").find_elements(By.TAG_NAME, "button")
    assert [b.text for b in found] == [f"t{k}/lstm/act_c" for k in range(1, 11)]
    by_id(page, "search").send_keys(Keys.ENTER)
    assert names_with(page, "chosen") == ["t1/lstm/act_c"]
    assert "tanh(c1)" in by_id(page, "about").text


def test_search_puts_the_layer_of_just_that_name_first(page):
    by_id(page, "search").send_keys("t3/lstm/c")
    found = by_id(page, "found").find_elements(By.TAG_NAME, "button")
    assert [b.text for b in found] == ["t3/lstm/c", "t3/lstm/c_f", "t3/lstm/c_i"]


def test_search_finds_blobs_and_weights_and_says_when_there_is_nothing(page):
    by_id(page, "search").send_keys("w_Mhw")
    assert "t1/lstm/Mh" in by_id(page, "found").text
    by_id(page, "search").clear()
    by_id(page, "search").send_keys("no such layer")
    assert by_id(page, "found").text == "nothing found"


def test_choosing_a_layer_in_a_folded_step_unfolds(page):
    assert picture(page).get_attribute("data-view") == "fold"
    by_id(page, "search").send_keys("t5/lstm/o" + Keys.ENTER)
    assert picture(page).get_attribute("data-view") == "all"
    assert names_with(page, "chosen") == ["t5/lstm/o"]


def test_hovering_a_node_tells_type_shapes_weights_and_equation(page):
    hover(page, named(page, "t2/lstm/Mx"))
    about = by_id(page, "about").text
    for words in ("t2/lstm/Mx", "InnerProduct, step 2", "w_Mxw · t2/x + w_Mxb", "t2/x 1×2×3",
                  "w_Mxw 16×3, used 10 times", "data: mean |v|"):
        assert words in about


def test_hovering_a_weight_lights_every_use_of_it(page):
    by_id(page, "fold").click()
    hover(page, named(page, "t3/lstm/Mh").find_element(By.CSS_SELECTOR, "[data-w]"))
    assert names_with(page, "lit") == [f"t{k}/lstm/Mh" for k in range(1, 11)]
    hover(page, by_id(page, "about"))
    assert names_with(page, "lit") == []


def test_fold_and_unfold_change_the_steps_that_are_shown(page):
    def steps():
        return [g.get_attribute("data-step")
                for g in picture(page).find_elements(By.CSS_SELECTOR, "[data-step]")]

    assert steps() == ["1", "2", "3", "4-9", "10"]
    by_id(page, "fold").click()
    assert steps() == [str(k) for k in range(1, 11)]
    assert by_id(page, "fold").get_attribute("aria-pressed") == "false"
    by_id(page, "fold").click()
    assert steps() == ["1", "2", "3", "4-9", "10"]


def test_the_slider_plays_forward_step_by_step_then_backward(page):
    said, lit = [], []
    for _ in range(24):
        by_id(page, "next").click()
        said.append(by_id(page, "now").text)
        lit.append(names_with(page, "now"))
    assert said[1:11] == [f"forward: t = {k}" for k in range(1, 11)]
    assert said[13:23] == [f"backward: t = {k}" for k in range(10, 0, -1)]
    assert "t2/lstm/h" in lit[2] and "t1/lstm/h" not in lit[2]
    assert "h0" in lit[0] and "h0" in lit[-1]


def test_a_folded_step_lights_up_as_one(page):
    for _ in range(6):
        by_id(page, "next").click()
    folded = picture(page).find_element(By.CSS_SELECTOR, '[data-step="4-9"]')
    assert by_id(page, "now").text == "forward: t = 5"
    assert "now" in folded.get_attribute("class")


def test_the_slider_obeys_the_keyboard_and_says_where_it_is(page):
    by_id(page, "time").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert by_id(page, "time").get_attribute("aria-valuetext") == "forward: t = 1"
    by_id(page, "time").send_keys(Keys.HOME)
    assert by_id(page, "now").text == "before the forward pass"


def test_play_moves_on_by_itself_and_stops(page):
    page.execute_script("""window.timers = new Map();
        window.setInterval = (work, ms) => { timers.set(7, [work, ms]); return 7; };
        window.clearInterval = id => timers.delete(id);""")

    def time_passes(times):
        page.execute_script("for (let i = 0; i < arguments[0]; i++) "
                            "timers.forEach(([work]) => work())", times)
        return int(by_id(page, "time").get_attribute("value"))

    by_id(page, "play").click()
    assert page.execute_script("return [...timers.values()].map(([work, ms]) => ms)") == [700]
    assert time_passes(3) == 2 and by_id(page, "play").get_attribute("aria-pressed") == "true"
    by_id(page, "play").click()
    assert time_passes(5) == 2 and by_id(page, "play").get_attribute("aria-pressed") == "false"
    by_id(page, "play").click()
    assert time_passes(100) == int(by_id(page, "time").get_attribute("max"))
    assert page.execute_script("return timers.size") == 0, "it stops at the end"


def test_zoom_fit_and_move_by_button_and_key(page):
    whole = view_box(page)
    by_id(page, "in").click()
    assert view_box(page)[2] < whole[2]
    by_id(page, "fit").click()
    assert view_box(page) == whole
    by_id(page, "stage").send_keys("+", Keys.ARROW_RIGHT)
    assert view_box(page)[2] < whole[2] and view_box(page)[0] > whole[0]
    by_id(page, "stage").send_keys("0")
    assert view_box(page) == whole


def test_the_wheel_zooms_only_with_ctrl_or_when_the_picture_has_the_focus(page):
    def wheel(ctrl):
        page.execute_script(
            "document.getElementById('stage').dispatchEvent(new WheelEvent('wheel', {deltaY: -100,"
            "ctrlKey: arguments[0], bubbles: true, cancelable: true, clientX: 300, clientY: 300}))",
            ctrl)
        return view_box(page)[2]

    page.execute_script("document.activeElement.blur()")
    whole = view_box(page)[2]
    assert wheel(False) == whole
    assert wheel(True) < whole
    by_id(page, "fit").click()
    page.execute_script("document.getElementById('stage').focus()")
    assert wheel(False) < whole


def test_n_and_p_walk_from_layer_to_layer(page):
    by_id(page, "stage").send_keys("n", "n", "p")
    assert names_with(page, "chosen") == ["x"]


def test_values_and_gradients_colour_the_nodes_with_a_legend(page):
    def fill():
        return named(page, "t1/lstm/c").find_element(By.TAG_NAME, "circle").get_attribute("fill")

    def dashes():
        return set(page.execute_script("return [...document.querySelectorAll("
            "'.picture:not([hidden]) [data-n][stroke-dasharray]')].map("
            "g => g.getAttribute('stroke-dasharray'))"))

    own = fill()
    Select(by_id(page, "colour")).select_by_value("diff")
    painted = fill()
    assert painted != own and "mean |diff|" in by_id(page, "scale").text
    assert dashes() == {"4 2", "none"}, "negative means are dashed"
    Select(by_id(page, "colour")).select_by_value("")
    assert fill() == own and by_id(page, "scale").text == "" and dashes() == {"none"}


def test_every_control_has_a_name_for_screen_readers(page):
    for control in page.find_elements(By.CSS_SELECTOR, "button, input, select, [tabindex]"):
        if control.is_displayed():
            assert control.accessible_name, control.get_attribute("outerHTML")
    assert "unrolled LSTM" in by_id(page, "stage").accessible_name


def test_the_page_asks_for_nothing_from_outside(page):
    assert page.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)") == []


def test_a_net_without_steps_plays_layer_by_layer_and_has_nothing_to_fold(browser, files):
    browser.get(f"file://{files}/perceptron.html")
    assert not by_id(browser, "fold").is_displayed()
    assert not by_id(browser, "colour").is_displayed()
    for _ in range(3):
        by_id(browser, "next").click()
    assert by_id(browser, "now").text == "forward: ip1"


def test_the_notebook_form_replaces_the_still_picture_by_the_page(browser, tmp_path):
    html = draw(unrolled(3), interactive=True)._repr_mimebundle_()[0]["text/html"]
    file = tmp_path / "cell.html"
    file.write_text(f"<!DOCTYPE html><meta charset=utf-8>{html}", encoding="utf-8")
    browser.get(f"file://{file}")
    frame = browser.find_element(By.TAG_NAME, "iframe")
    assert frame.get_attribute("title").startswith("unrolled LSTM")
    browser.switch_to.frame(frame)
    by_id(browser, "next").click()
    assert by_id(browser, "now").text.startswith("forward: ")
    browser.switch_to.default_content()


def test_a_frame_that_is_shown_later_starts_as_if_it_had_been_seen(browser, tmp_path):
    net = load_net(unrolled(8))
    net.forward()
    html = draw(net, values="data", interactive=True)._repr_mimebundle_()[0]["text/html"]
    file = tmp_path / "later.html"
    file.write_text(f"<!DOCTYPE html><meta charset=utf-8><div id=cell style='display:none'>{html}"
                    "</div>", encoding="utf-8")
    browser.get(f"file://{file}")
    frame = browser.find_element(By.TAG_NAME, "iframe")
    browser.switch_to.frame(frame)
    box = named(browser, "t1/lstm/Mx")
    until(browser, lambda page: by_id(page, "now").get_property("textContent"))  # it has started
    assert width(browser, box) == 0
    whole = view_box(browser, "data-whole")
    browser.switch_to.default_content()
    browser.execute_script("document.getElementById('cell').style.display = 'block'")
    browser.switch_to.frame(frame)
    until(browser, lambda page: view_box(page)[2] < whole[2])  # its left end, large
    assert width(browser, box) > 30
    assert "mean |data|" in by_id(browser, "scale").text
    browser.switch_to.default_content()
    assert not [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]


def test_who_zooms_at_once_keeps_the_view(browser, files, tmp_path):
    text = (files / "40_steps.html").read_text(encoding="utf-8")
    end, file = "</script>\n</body>", tmp_path / "early.html"
    assert end in text
    file.write_text(text.replace(end, "document.getElementById('in').click();" + end),
                    encoding="utf-8")
    wide = []
    for path in (files / "40_steps.html", file):
        browser.get(f"file://{path}")
        browser.execute_async_script(  # all that the page does by itself when it is laid out
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        wide.append(view_box(browser)[2])
    assert wide[1] == pytest.approx(wide[0] / 1.3, rel=1e-4)


def fill_of(page, name):
    return named(page, name).find_element(By.CSS_SELECTOR, "rect, circle").get_attribute("fill")


def test_the_scale_shows_each_shade_and_what_part_of_the_largest_it_is(page):
    Select(by_id(page, "colour")).select_by_value("data")
    steps = page.execute_script("return [...document.querySelectorAll('#scale i')].map("
                                "i => [i.style.background, i.textContent])")
    assert [words for _, words in steps] == ["1", *(f"1/{2 ** k}" for k in range(1, 7)), "less"]
    for shade, (colour, _) in zip(SHADES, steps):
        assert colour == "rgb({}, {}, {})".format(*(int(shade[i:i + 2], 16) for i in (1, 3, 5)))
    assert fill_of(page, "t1/lstm/c") in SHADES


def test_where_the_play_turns_painted_values_turn_to_gradients_and_the_legend_says_so(page):
    Select(by_id(page, "colour")).select_by_value("data")
    data, last = fill_of(page, "t1/lstm/c"), by_id(page, "time").get_attribute("max")
    at = "const t = document.getElementById('time'); t.value = arguments[0]; t.oninput()"
    page.execute_script(at, 3)
    assert fill_of(page, "t1/lstm/c") == data and "mean |data|" in by_id(page, "scale").text
    page.execute_script(at, last)
    assert "mean |diff|" in by_id(page, "scale").text
    assert by_id(page, "colour").get_property("value") == "diff"
    assert fill_of(page, "t1/lstm/c") != data
    page.execute_script(at, 3)
    assert fill_of(page, "t1/lstm/c") == data and "mean |data|" in by_id(page, "scale").text


def test_who_looks_at_one_kind_of_values_keeps_it_until_the_play_turns(page):
    next_one = by_id(page, "next")
    next_one.click()
    Select(by_id(page, "colour")).select_by_value("diff")
    next_one.click()
    assert "mean |diff|" in by_id(page, "scale").text


def test_who_looks_at_the_weights_keeps_their_colours_when_the_play_turns(page):
    own = fill_of(page, "t1/lstm/Mx")
    for _ in range(24):
        by_id(page, "next").click()
    assert fill_of(page, "t1/lstm/Mx") == own and by_id(page, "scale").text == ""


def test_the_page_prints_the_value_of_each_state_and_takes_it_away_again(page):
    def numbers():
        return [t.get_property("textContent")
                for t in picture(page).find_elements(By.CSS_SELECTOR, "[data-of]")]

    assert set(numbers()) == {""}
    Select(by_id(page, "colour")).select_by_value("diff")
    assert len(numbers()) == 2 * 4 and all(map(float, numbers()))
    Select(by_id(page, "colour")).select_by_value("")
    assert set(numbers()) == {""}


def test_words_on_a_dark_shade_are_white_and_their_own_ink_comes_back(page):
    def ink():
        return named(page, "t10/lstm/h").find_element(By.TAG_NAME, "text").get_attribute("fill")

    own = ink()
    Select(by_id(page, "colour")).select_by_value("diff")
    assert fill_of(page, "t10/lstm/h") == SHADES[0] and ink() == "#FFFFFF"
    Select(by_id(page, "colour")).select_by_value("")
    assert ink() == own


@pytest.fixture
def dark_and_still(browser):
    """The browser of one who wants it dark and with little motion."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": "dark"},
        {"name": "prefers-reduced-motion", "value": "reduce"}]})
    yield browser
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_dark_theme_and_reduced_motion_are_respected(dark_and_still, page):
    colour = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    paper = page.execute_script(
        "return getComputedStyle(document.getElementById('stage')).backgroundColor")
    assert sum(map(int, colour[4:-1].split(","))) < 150, "the page is dark"
    assert paper == "rgb(255, 255, 255)", "the picture keeps its paper"
    assert not by_id(page, "play").is_displayed()
    by_id(page, "next").click()
    assert by_id(page, "now").text.startswith("forward")


def unfolded(browser, files, steps):
    browser.get(f"file://{files}/{steps}_steps.html")
    by_id(browser, "fold").click()
    return browser


def changed(page, script):
    """What the script changes in the picture: (element, attribute) of each change."""
    return page.execute_script("""const stage = document.getElementById('stage');
        const seen = new MutationObserver(() => {});
        seen.observe(stage, {subtree: true, attributes: true, childList: true});
        (function () {""" + script + """})();
        return seen.takeRecords().map(
            change => [change.target.dataset.n || change.target.tagName, change.attributeName])""")


def test_moving_changes_the_view_alone_and_no_layer_of_a_hundred_steps(browser, files):
    page = unfolded(browser, files, 100)
    moves = changed(page, """for (const key of ['ArrowRight', '+', 'ArrowDown', '-', '0'])
        stage.dispatchEvent(new KeyboardEvent('keydown', {key}));""")
    assert moves and all(change == ["svg", "viewBox"] for change in moves)


def test_a_step_of_time_touches_two_steps_layers_however_many_there_are(browser, files):
    touched = {}
    for steps in (40, 100):
        page = unfolded(browser, files, steps)
        for _ in range(10):
            by_id(page, "next").click()
        touched[steps] = changed(page, "document.getElementById('next').click();")
    layers = page.execute_script("return document.querySelectorAll('[data-n]').length")
    assert 0 < len(touched[40]) == len(touched[100]) < layers / 20


@pytest.fixture
def long_page(browser, files):
    return unfolded(browser, files, 40)


def on_screen(page, element):
    return page.execute_script("""
        const q = arguments[0].getBoundingClientRect();
        const s = document.getElementById('stage').getBoundingClientRect();
        return q.left >= s.left - 1 && q.right <= s.right + 1""", element)


def test_many_unfolded_steps_start_at_a_size_that_can_be_read(long_page):
    box = named(long_page, "t1/lstm/Mx")
    assert width(long_page, box) > 30
    assert on_screen(long_page, box) and not on_screen(long_page, named(long_page, "t40/lstm/Mx"))


def test_a_long_chain_starts_at_its_beginning_at_a_size_that_can_be_read(browser, tmp_path):
    draw(modules(40), path=tmp_path / "chain.html")
    browser.get(f"file://{tmp_path}/chain.html")
    assert width(browser, named(browser, "data")) > 30
    tops = browser.execute_script("""
        const s = document.getElementById('stage').getBoundingClientRect();
        return [...document.querySelectorAll('[data-n="0"], [data-n="199"]')].map(g => {
            const q = g.getBoundingClientRect();
            return q.top > s.top && q.bottom < s.bottom && q.left > s.left && q.right < s.right;
        })""")
    assert sorted(tops) == [False, True], "the first layer is seen, not the last"
    assert on_screen(browser, named(browser, "data"))
    by_id(browser, "fit").click()
    assert width(browser, named(browser, "data")) < 10


def test_the_view_follows_the_time(long_page):
    for _ in range(20):
        by_id(long_page, "next").click()
    assert by_id(long_page, "now").text == "forward: t = 19"
    assert on_screen(long_page, named(long_page, "t19/lstm/Mx"))


def test_the_picture_cannot_be_lost_by_moving(long_page):
    long_page.execute_script("""
        const far = {pointerdown: 1e6, pointermove: -1e6, pointerup: -1e6};
        for (const [name, clientX] of Object.entries(far)) document.getElementById('stage')
            .dispatchEvent(new PointerEvent(name, {clientX, clientY: 300, bubbles: true}));
        for (let i = 0; i < 20; i++) document.getElementById('stage').dispatchEvent(
            new KeyboardEvent('keydown', {key: 'ArrowRight'}));""")
    assert on_screen(long_page, named(long_page, "t40/lstm/Mx"))
