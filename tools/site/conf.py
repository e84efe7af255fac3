"""How Sphinx makes the pages of the site; tools/make_site.py calls it."""
import os
import sys

HERE = os.path.dirname(__file__)
sys.path.insert(0, os.path.dirname(HERE))

from site_docstrings import as_rest  # noqa: E402
from site_lite import run_page  # noqa: E402

project = author = "lstm_lib"
extensions = ["myst_nb", "sphinx.ext.autodoc"]
html_theme = "sphinx_book_theme"
html_title = "lstm_lib"
html_static_path = [os.path.join(HERE, "static")]
templates_path = [os.path.join(HERE, "templates")]
html_favicon = os.path.join(HERE, "static", "icon.svg")
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_copy_source = html_show_sourcelink = False
html_sidebars = {"**": ["navbar-logo.html", "search-button-field.html", "sbt-sidebar-nav.html",
                        "explain-link.html"]}
html_theme_options = {
    "use_download_button": False, "use_fullscreen_button": False, "show_toc_level": 2,
    "navbar_persistent": [], "footer_content_items": [], "home_page_in_toc": False, "logo": {"text": "lstm_lib"}}
pygments_style = "friendly"

# the committed outputs are shown; of one that comes in several forms, the one with words
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_inline"]
myst_heading_anchors = 4

mathjax_path = "mathjax/tex-chtml-full.js"
default_role = "code"
autodoc_typehints = "none"
add_module_names = False
strip_signature_backslash = True


def add_run_button(app, page, template, context, doctree):
    """On the page of a notebook, a button that opens it in JupyterLite."""
    folder, _, name = page.partition("/")
    if folder == "notebooks":
        context["header_buttons"].insert(0, {
            "type": "link", "label": "run-button", "icon": "fas fa-play", "text": "Run",
            "tooltip": "Run this notebook in the browser, with nothing installed",
            "url": context["pathto"](run_page(name), 1)})


def tidy_docstring(app, what, name, thing, options, lines):
    """Our docstrings, as reStructuredText."""
    lines[:] = as_rest(lines)


def setup(app):
    app.connect("html-page-context", add_run_button, priority=900)
    app.connect("autodoc-process-docstring", tidy_docstring)
