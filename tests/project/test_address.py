"""Where the project lives is one setting: what `make address` writes, and where."""
import json
import re
import shutil

import address
import nbformat
import pytest
from class_copies import student_copy

NOTEBOOKS = sorted((address.ROOT / "notebooks").glob("[0-9]*.ipynb"))


@pytest.fixture
def copy(tmp_path):
    """The files that name an address, as they are committed."""
    for path in address.files(address.ROOT):
        target = tmp_path / path.relative_to(address.ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def texts(root):
    return {path: path.read_text(encoding="utf-8") for path in address.files(root)}


def test_each_file_that_names_the_project_gets_the_new_name(copy):
    old_name, old_site = address.known(copy)
    address.change(copy, "ann.b/nets-2")
    assert address.known(copy) == ("ann.b/nets-2", "https://ann.b.github.io/nets-2")
    left = [path.name for path, text in texts(copy).items() if path.name != "README.md"
            and (f"/{old_name}/" in text or old_site in text)]
    assert left == []
    assert "github.com/ann.b/nets-2" in (copy / "README.md").read_text(encoding="utf-8")


def test_the_old_name_can_be_written_again_and_nothing_else_has_changed(copy):
    before, (name, site) = texts(copy), address.known(copy)
    address.change(copy, "a/b", "https://school.example/nets")
    assert texts(copy) != before
    address.change(copy, name, site)
    assert texts(copy) == before


def test_a_site_of_ones_own_is_written_as_it_is(copy):
    address.change(copy, "a/b", "https://school.example/nets")
    first = json.loads((copy / "notebooks" / NOTEBOOKS[0].name).read_text(encoding="utf-8"))
    assert "(https://school.example/nets/notebooks/" in "".join(first["cells"][0]["source"])


@pytest.mark.parametrize("wrong", [["nets"], ["https://github.com/a/b"], ["a/b", "school/nets"],
                                   ["a/b", "https://a.b/\"><script>"]])
def test_what_is_no_address_is_refused_and_nothing_is_written(copy, wrong):
    before = texts(copy)
    with pytest.raises(ValueError, match="expected"):
        address.change(copy, *wrong)
    assert texts(copy) == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebooks_first_cell_says_where_it_starts_and_each_link_is_its_own(path):
    line = address.WHERE.search("".join(json.loads(path.read_text(encoding="utf-8"))
                                        ["cells"][0]["source"]))[0]
    targets = re.findall(r"\]\(([^)]*)\)", line)
    assert [path.stem in target for target in targets] == [True] * 4 + [False]
    assert targets[-1] == "../README.md"


def test_a_students_copy_leads_to_no_place_with_the_solutions():
    notebook = nbformat.read(NOTEBOOKS[1], as_version=4)
    assert "colab" in notebook.cells[0].source
    first = student_copy(notebook).cells[0].source
    assert "colab" not in first and "Start it" not in first and "## What you'll do" in first
