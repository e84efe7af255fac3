"""The strip below the interactive picture, in a real headless browser."""
import numpy as np
import pytest
from drawn_nets import unrolled
from test_draw_page import Keys, Select, browser, by_id  # noqa: F401

from lstm_lib import (
    Cell, NetError, add_layer_to_net_spec, both_directions, caffe, draw, load_net, unroll)
from lstm_lib.drawing.sweep import forget_bias_sweep

L = caffe.layers
HOSTILE = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\u202e\""


def ran(ns, backward=True):
    net = load_net(ns, force_backward=True)
    net.blobs["x"].data[...] = np.linspace(-1, 1, net.blobs["x"].count).reshape(
        net.blobs["x"].data.shape)
    net.forward()
    if backward:
        for name in net.outputs:
            net.blobs[name].diff[...] = 1
        net.backward()
    return net


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Pages, and the nets that they show."""
    folder = tmp_path_factory.mktemp("strips")
    caffe.set_random_seed(0)
    nets = {"three": ran(unrolled(3)), "twelve": ran(unrolled(12))}
    for name, net in nets.items():
        draw(net, path=folder / f"{name}.html")
    nets["sweep"] = forget_bias_sweep(nets["twelve"], [-2, 0, 4])
    draw(nets["twelve"], sweep=nets["sweep"], path=folder / "sweep.html")
    return folder, nets


def opened(browser, made, name):
    browser.get(f"file://{made[0]}/{name}.html")
    return browser


@pytest.fixture
def page(browser, made):
    yield opened(browser, made, "three")
    errors = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not errors, errors


def rows(page):
    """What stands beside each map: (its name, its number now)."""
    return [tuple((element.text + "\n").split("\n")[:2]) for element in
            page.find_elements("css selector", "#maps > .name:not(.sizes)")]


def number(text):
    return float(text.replace("−", "-"))


def box(page, selector):
    """Left and right end on the screen."""
    return page.execute_script("const q = document.querySelector(arguments[0])"
                               ".getBoundingClientRect(); return [q.left, q.right]", selector)


def forward(page, steps):
    for _ in range(steps):
        by_id(page, "next").click()


def test_the_slider_moves_through_the_picture_and_the_strip(page, made):
    net = made[1]["three"]
    assert rows(page) == [(name, "") for name in ("i", "f", "o", "g", "c", "h")]
    for step in (1, 2, 3):
        forward(page, 2 if step == 1 else 1)
        assert by_id(page, "now").text == f"forward: t = {step}"
        assert by_id(page, "told").text == f"t = {step}: means of the units"
        shown = dict(rows(page))
        for name, blob in (("i", f"t{step}/lstm/raw_i"), ("c", f"c{step}"), ("h", f"h{step}")):
            right = net.blobs[blob].data[0, 0].mean()
            assert number(shown[name]) == pytest.approx(right, abs=0.012)


def test_one_step_of_a_learners_cell_has_a_map_and_a_line_of_its_own_for_each_state(
        browser, tmp_path):
    def step(ns, Mx, states, p, H, w):
        s = add_layer_to_net_spec(ns, L.Eltwise, p + "s", states["s"], Mx)
        return dict(h=add_layer_to_net_spec(ns, L.Eltwise, p + "h", states["h"], s), s=s)

    for T in (1, 3):
        ns = caffe.NetSpec()
        ns.x = L.Input(input_param=dict(shape=dict(dim=[T, 2, 5])))
        unroll(ns, ns.x, T, 4, cell=Cell("own", step, states=("h", "s")))
        draw(ran(ns), path=tmp_path / "own.html")
        browser.get((tmp_path / "own.html").as_uri())
        assert [name for name, _ in rows(browser)] == ["h", "s"]
        lines = browser.find_elements("css selector", "#maps path[data-size]")
        assert len({(line.get_attribute("stroke-dasharray"), line.value_of_css_property("stroke"))
                    for line in lines}) == 2
        assert len(browser.find_elements("css selector", "#maps circle")) == 2 * T
        forward(browser, 2)
        assert by_id(browser, "told").text == "t = 1: means of the units"


def test_columns_stand_under_the_cells_of_the_picture_and_the_mark_with_them(page):
    by_id(page, "fit").click()
    forward(page, 3)
    assert by_id(page, "maps").get_attribute("data-under") == "cells"
    assert box(page, "#maps .at") == pytest.approx(box(page, '[data-step="2"] > g > rect'), abs=2)


def test_the_turn_of_the_play_turns_values_into_gradients_and_back(page, made):
    count = int(by_id(page, "time").get_attribute("max")) + 1
    forward(page, count // 2 + 2)
    assert by_id(page, "now").text == "backward: t = 3"
    assert [name for name, _ in rows(page)] == [
        "dL/d raw i", "dL/d raw f", "dL/d raw o", "dL/d raw g", "dL/dc", "dL/dh"]
    sizes = by_id(page, "maps").find_element("css selector", ".sizes").text.split("\n")
    c, h = (np.linalg.norm(made[1]["three"].blobs[name].diff[0, 0]) for name in ("c3", "h3"))
    assert sizes[::2] == ["dL/dc", "dL/dh", "norm, 4 units"]
    assert [number(text) for text in sizes[1:4:2]] == pytest.approx([c, h], rel=0.02)
    by_id(page, "back").click()
    by_id(page, "back").click()
    assert [name for name, _ in rows(page)] == ["i", "f", "o", "g", "c", "h"]


def test_the_switch_of_direction_stays_at_the_step_and_turns_painted_values_with_it(page):
    Select(by_id(page, "colour")).select_by_value("data")
    forward(page, 3)
    by_id(page, "diff").click()
    assert by_id(page, "now").text == "backward: t = 2"
    assert by_id(page, "diff").get_attribute("aria-pressed") == "true"
    assert by_id(page, "colour").get_property("value") == "diff"
    by_id(page, "data").click()
    assert by_id(page, "now").text == "forward: t = 2"
    assert by_id(page, "colour").get_property("value") == "data"


def point_at(page, column, unit, columns, units, kind="pointermove"):
    """At a number in the map of f."""
    page.execute_script("""
        const [column, unit, columns, units, kind] = arguments;
        const canvas = document.querySelectorAll('#maps canvas')[1];
        const q = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new PointerEvent(kind, {bubbles: true,
            clientX: q.left + (column + 0.5) / columns * q.width,
            clientY: q.top + (unit + 0.5) / units * q.height}))""", column, unit, columns, units, kind)


def test_pointing_at_a_map_tells_the_number_of_that_unit_and_a_click_goes_to_its_step(
        browser, made):
    page, net = opened(browser, made, "twelve"), made[1]["twelve"]
    point_at(page, 7, 2, 12, 4)
    told, value = by_id(page, "told").text.split(": ")
    assert told == "f, unit 3, t = 8"
    assert number(value) == pytest.approx(net.blobs["t8/lstm/raw_f"].data[0, 0, 2], abs=0.01)
    point_at(page, 7, 2, 12, 4, "click")
    assert by_id(page, "now").text == "forward: t = 8"


def test_the_strip_obeys_the_keyboard_and_is_said_in_words(page, made):
    maps = by_id(page, "maps")
    maps.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert by_id(page, "now").text == "forward: t = 2"
    maps.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert by_id(page, "told").text == "t = 2: unit 2"
    f = made[1]["three"].blobs["t2/lstm/raw_f"].data[0, 0, 1]
    assert number(dict(rows(page))["f"]) == pytest.approx(f, abs=0.01)
    maps.send_keys(Keys.ARROW_LEFT, Keys.ESCAPE)
    assert by_id(page, "told").text == "t = 1: means of the units"
    assert maps.accessible_name.startswith(
        "LSTM: 4 units over 3 steps, sequence 1 of 2. From the first step to the last: mean i ")


def test_the_slider_of_the_forget_bias_shows_the_gradient_fade_or_live(browser, made):
    page, sweep = opened(browser, made, "sweep"), made[1]["sweep"]
    assert by_id(page, "bias-now").text == "0", "it starts with what the net has"
    forward(page, 2)
    assert by_id(page, "now").text == "forward: t = 1"
    by_id(page, "bias").send_keys(Keys.HOME)
    found = {}
    for bias, run in zip((-2, 0, 4), sweep["runs"]):
        assert by_id(page, "bias-now").text == str(bias).replace("-", "−")
        cell = run["cells"][0]
        f = np.array(cell["rows"][1]["data"])[:, 0].mean()
        assert number(dict(rows(page))["f"]) == pytest.approx(f, abs=0.01)
        sizes = by_id(page, "maps").find_element("css selector", ".sizes").text.split("\n")
        found[bias] = number(sizes[1])
        assert found[bias] == pytest.approx(cell["sizes"][0]["values"][0], rel=0.1)
        by_id(page, "bias").send_keys(Keys.ARROW_RIGHT)
    assert found[-2] < found[0] < found[4]


def test_one_scale_serves_all_forget_biases(browser, made):
    page = opened(browser, made, "sweep")

    def scales():
        return [scale.text for scale in page.find_elements("css selector", "#maps .scale")]

    first = scales()
    by_id(page, "bias").send_keys(Keys.END)
    assert scales() == first and first[0].split() == ["0", "1"]


def test_there_is_no_strip_without_numbers(browser, tmp_path):
    for name, source in (("spec", unrolled(3)), ("still", load_net(unrolled(3)))):
        draw(source, path=tmp_path / f"{name}.html")
        browser.get(f"file://{tmp_path}/{name}.html")
        assert browser.find_elements("id", "strip") == []
        forward(browser, 2)
        assert by_id(browser, "now").text == "forward: t = 1"


def test_without_a_backward_pass_the_strip_says_so(browser, tmp_path):
    draw(ran(unrolled(3), backward=False), path=tmp_path / "forward.html")
    browser.get(f"file://{tmp_path}/forward.html")
    assert "No gradients" in browser.execute_script(
        "return document.getElementById('maps').textContent")


def test_of_two_directions_time_runs_to_the_left_in_the_second(browser, tmp_path):
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[3, 2, 3])))
    both_directions(ns, ns.x, 3, 4)
    draw(ran(ns), path=tmp_path / "both.html")
    browser.get(f"file://{tmp_path}/both.html")
    cells = [option.text for option in Select(by_id(browser, "cell")).options]
    assert len(cells) == 2
    middle = []
    while len(middle) < 6:
        forward(browser, 1)
        if "t = " in by_id(browser, "now").text:
            middle.append(sum(box(browser, "#maps .at")) / 2)
    assert middle[0] < middle[1] < middle[2] and middle[3] > middle[4] > middle[5]


def test_hostile_names_are_shown_as_text_and_nothing_else(browser, tmp_path):
    ns = unrolled(3, prefix=HOSTILE)
    unroll(ns, ns.x, 3, 4, prefix="other/")
    draw(ran(ns), path=tmp_path / "hostile.html")
    browser.get(f"file://{tmp_path}/hostile.html")
    assert Select(by_id(browser, "cell")).options[0].text.startswith("</script><script>")
    by_id(browser, "diff").click()
    forward(browser, 3)
    assert browser.execute_script("return window.hit") is None
    assert browser.execute_script("return document.querySelectorAll('img').length") == 0


def test_the_strip_asks_for_nothing_from_outside(browser, made):
    page = opened(browser, made, "sweep")
    by_id(page, "diff").click()
    assert page.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)") == []


def test_on_a_phone_nothing_is_cut_off_and_in_the_dark_the_strip_is_dark(browser, made):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": "dark"}]})
    try:
        page = opened(browser, made, "sweep")
        wide = page.execute_script("return document.scrollingElement.scrollWidth")
        assert wide <= 390
        left, right = box(page, "#maps canvas")
        assert left > 0 and right - left > 150 and right < 390
        colour = page.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert sum(map(int, colour[4:-1].split(","))) < 150
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_sweep_that_is_none_raises(made):
    with pytest.raises(NetError, match="forget_bias_sweep"):
        draw(made[1]["three"], sweep=[1, 2])
    with pytest.raises(NetError, match="not loaded"):
        draw(unrolled(3), sweep=made[1]["sweep"])
