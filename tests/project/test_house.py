"""The house: who may import whom, no circle, and rooms that are read in one sitting."""
import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = {".".join(path.relative_to(ROOT).with_suffix("").parts).replace(".__init__", ""): path
         for package in ("lstm_lib", "portable_caffe") for path in (ROOT / package).rglob("*.py")}
CODE = [*FILES.values(), *(ROOT / "tools").glob("*.py"), *(ROOT / "benchmarks").rglob("*.py"),
        *(ROOT / "deploy").rglob("*.py")]
GROUND = {"lstm_lib.errors", "lstm_lib.files", "lstm_lib.arguments"}
WINGS = ("lstm_lib.safe_caffe", "lstm_lib.drawing", "lstm_lib.exchange", "lstm_lib.exercises",
         "lstm_lib.explain")


def imports(name):
    """The modules that a module imports, at its head or when a function is called."""
    tree, found = ast.parse(FILES[name].read_text(encoding="utf-8")), set()
    package = name.split(".") if FILES[name].name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            base = ".".join(base + (node.module.split(".") if node.module else []))
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in FILES else base
                      for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def of_the_house(name):
    return {other for other in imports(name) if other in FILES and other != name}


def wing_of(name):
    return next((wing for wing in WINGS if name == wing or name.startswith(wing + ".")), None)


def test_modules_outside_the_packages_that_tests_import_by_name_have_names_of_their_own():
    names = [path.stem for folder in ("benchmarks", "deploy", "tools", "tests")
             for path in (ROOT / folder).rglob("*.py")]
    assert {name for name in names if names.count(name) > 1} <= {"conftest", "run"}


@pytest.mark.parametrize("name", FILES)
def test_portable_caffe_knows_nothing_of_lstm_lib_and_nobody_knows_tests_or_tools(name):
    tops = {other.split(".")[0] for other in imports(name)}
    assert not tops & {"tests", "tools", "benchmarks", "notebooks", "conftest"}
    assert name.split(".")[0] == "lstm_lib" or "lstm_lib" not in tops


@pytest.mark.parametrize("name", [name for name in FILES if wing_of(name) == WINGS[0]])
def test_the_safe_caffe_knows_portable_caffe_and_the_ground_floor_alone(name):
    strange = {other for other in of_the_house(name) if other.startswith("lstm_lib")
               and other not in GROUND and wing_of(other) != WINGS[0]}
    assert not strange


@pytest.mark.parametrize("name", [name for name in FILES if wing_of(name) in WINGS[1:3]])
def test_drawing_and_exchange_do_not_know_each_other(name):
    assert {wing_of(other) for other in of_the_house(name)} <= {None, WINGS[0], wing_of(name)}


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("lstm_lib.")
                                  and not wing_of(name) and name != "lstm_lib.__main__"])
def test_the_textbook_does_not_know_who_draws_and_exchanges(name):
    assert {wing_of(other) for other in of_the_house(name)} <= {None, WINGS[0]}


def test_no_modules_import_each_other_in_a_circle():
    left = {name: of_the_house(name) for name in FILES}
    while True:  # take away whoever imports nobody that is left
        ends = {name for name, others in left.items() if not others & set(left)}
        if not ends:
            break
        left = {name: others for name, others in left.items() if name not in ends}
    assert not left


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_300_lines_at_most_and_a_function_40(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert not body or body[-1].end_lineno - body[0].lineno < 40, node.name


def test_the_textbook_lists_its_names_and_each_is_there():
    import lstm_lib
    from lstm_lib import views
    assert lstm_lib.views is views
    assert all(hasattr(lstm_lib, name) for name in lstm_lib.__all__)
    assert lstm_lib.__all__ == sorted(lstm_lib.__all__) and "safe_caffe" not in lstm_lib.__all__
