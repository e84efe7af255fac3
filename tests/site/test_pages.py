"""The pages that are read: what they show, where they lead, and that they ask no other host."""
import make_site


def test_the_site_has_a_page_for_each_notebook(site):
    for path in (make_site.ROOT / "notebooks").glob("[0-9]*.ipynb"):
        assert (site.folder / "notebooks" / f"{path.stem}.html").is_file()
