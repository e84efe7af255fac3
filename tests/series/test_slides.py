"""The decks: what stands on their slides, and that they open without a network."""
import re
from pathlib import Path

import chromium
import make_slides
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from small_notebooks import a_notebook, slide

from shell import Stop

SERIES = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture(scope="module")
def page():
    return make_slides.deck(a_notebook(), "01_one")


def test_a_deck_asks_no_other_host(page):
    assert page.count("<section") >= 4
    assert asked(page) == []


def asked(page):
    """The addresses of other hosts that a page loads by itself; links are only followed."""
    loads = re.findall(r"""<(?!a\s)[^>]*\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""", page)
    return loads + re.findall(r"""(?:@import|url\()\s*["']?((?:https?:)?//[^"')\s]+)""", page)


def test_a_script_a_style_and_a_font_of_another_host_would_be_found():
    assert asked('<script src="https://a.b/c.js"><a href="https://a.b">') == ["https://a.b/c.js"]
    assert asked('<link rel="x" href="//a.b/c.css"><style>url(https://a.b/f)</style>') == [
        "//a.b/c.css", "https://a.b/f"]


def test_what_is_to_be_guessed_comes_at_the_next_key(page):
    assert re.search(r'6</span>.*?<div class="fragment">.*?42', page, re.DOTALL)


def test_a_picture_has_a_slide_of_its_own(page):
    slides = page.split("<section")[1:]
    assert [("plot" in slide, "iVBORw0KGgo" in slide) for slide in slides
            if "plot" in slide or "iVBORw0KGgo" in slide] == [(True, False), (False, True)]


def test_what_calls_matplotlib_is_left_out_and_its_picture_stays():
    drawn = a_notebook().cells[2].outputs
    page = make_slides.deck(new_notebook(cells=[
        new_code_cell("ax.plot(secret)", outputs=drawn, metadata=slide("slide"))]), "plots")
    assert "secret" not in page and "iVBORw0KGgo" in page.split("<section")[-1]


def test_a_note_for_the_teacher_is_a_speaker_s_note_without_a_fold(page):
    notes = re.findall(r'<aside class="notes">(.*?)</aside>', page, re.DOTALL)
    assert len(notes) == 1 and "They fail here" in notes[0] and "details" not in notes[0]


def test_in_the_series_what_a_guess_is_about_waits_for_a_key():
    too_early = [(path.stem, cell.source) for path in SERIES.glob("[0-9]*.ipynb")
                 for notebook in [nbformat.read(path, as_version=4)]
                 if make_slides.has_slides(notebook) for cell in notebook.cells
                 if "hide-output" in cell.metadata.get("tags", [])
                 and make_slides.slide_type(cell) == "-"
                 and not any(map(make_slides.is_picture, cell.outputs))]  # these get a slide
    assert too_early == []


def test_the_class_sees_the_stub_and_not_the_solution(page):
    assert "your answer here" in page and "SOLUTION" not in page and "Goodbye" not in page


def test_only_notebooks_with_slides_become_decks():
    plain = a_notebook()
    assert make_slides.has_slides(plain)
    for cell in plain.cells:
        cell.metadata.pop("slideshow", None)
    assert not make_slides.has_slides(plain)


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """The decks of the series, and that of a small notebook with a formula."""
    folder = tmp_path_factory.mktemp("decks") / "slides"
    try:
        make_slides.write_decks(folder)
    except Stop as stop:
        pytest.skip(f"reveal.js and MathJax cannot be had here: {stop}")
    (folder / "small.html").write_text(make_slides.deck(a_notebook(), "small"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser for which no host exists."""
    driver = chromium.start(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()


def slides_of(browser, path):
    """Open a deck; what each of its slides shows, all of them walked through."""
    browser.get(f"file://{path}")
    return browser.execute_async_script("""
        const done = arguments[0], seen = [];
        function walk() {
          const slide = Reveal.getCurrentSlide();
          seen.push({text: slide.innerText, formulas: slide.querySelectorAll(".MathJax").length,
                     empty: !slide.innerText.trim() && !slide.querySelector("img, svg"),
                     zoom: Number(slide.style.zoom)});
          if (Reveal.isLastSlide()) return done(seen);
          while (Reveal.availableFragments().next) Reveal.nextFragment();
          Reveal.next();
          MathJax.Hub.Queue(walk);
        }
        function start() {
          if (!(window.Reveal && Reveal.isReady() && window.MathJax)) return setTimeout(start, 50);
          MathJax.Hub.Queue(walk);
        }
        start();""")


def test_a_deck_opens_where_no_host_can_be_reached_with_its_formulas(decks, browser):
    slides = slides_of(browser, decks / "small.html")
    assert "Title" in slides[0]["text"] and slides[0]["formulas"] == 1
    assert [slide["empty"] for slide in slides] == [False] * len(slides) and len(slides) == 3


def test_each_notebook_with_slides_has_a_deck_that_asks_no_other_host(decks):
    wanted = {path.stem for path in SERIES.glob("[0-9]*.ipynb")
              if make_slides.has_slides(nbformat.read(path, as_version=4))}
    assert {path.stem for path in decks.glob("[0-9]*.html")} == wanted
    for stem in wanted:
        assert asked((decks / f"{stem}.html").read_text(encoding="utf-8")) == []
