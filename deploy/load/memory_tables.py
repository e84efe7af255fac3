"""Keep what was measured in measured.json, and put the tables made of it into README.md."""
import json
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
RESULTS, PAGE = FOLDER / "measured.json", FOLDER / "README.md"
MEASURED = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.S)
CLASSES = (30, 100, 300)


def load():
    """World -> what was measured there."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def keep(title, measured):
    """Write the figures of one world beside those of the other, and the page.

    Of a notebook that was left out this time the kernel's earlier figure stays.
    """
    before = load()
    kernels = {**before.get(title, {}).get("kernels", {}), **measured["kernels"]}
    measured = dict(measured, kernels=dict(sorted(kernels.items())))
    results = dict(sorted({**before, title: measured}.items(), reverse=True))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(with_measured(PAGE.read_text(encoding="utf-8"), tables(results)),
                    encoding="utf-8")


def with_measured(page, measured):
    """The text of a page with what was measured between its two marks."""
    return MEASURED.sub(lambda marks: f"{marks[1]}{measured}\n{marks[2]}", page)


def tables(results):
    """Three tables: what was measured, what follows for a class, each notebook's kernel."""
    return "\n\n".join([measured_table(results), calculated_table(results),
                        kernel_table(results)])


def measured_table(results):
    """A column for each world."""
    rows = [("students at once", "students"), ("answers read back right", "right"),
            ("the hub, PSS", "hub"), ("its proxy, PSS", "proxy"),
            ("a student's server, peak of RSS", "server"),
            ("a student who leaves 00 to 03 open, peak of PSS", "student"),
            ("a home afterwards, on disk", "home")]
    lines = [head("measured, MB", results)]
    lines += [f"| {words} | " + " | ".join(f"{one[name]:.0f}" for one in results.values()) + " |"
              for words, name in rows]
    machine = " and ".join(dict.fromkeys(one["machine"] for one in results.values()))
    return "\n".join([*lines, "", f"The most of any student, on {machine}; no kernel died, no "
                      "answer was lost."])


def calculated_table(results):
    """What a class of N would take, by the formula that stands below."""
    lines = [head("calculated, GB", results)]
    for count in CLASSES:
        lines.append(f"| {count} students, one notebook open each | " + " | ".join(
            f"{needed(one, count, one_open(one)) / 1024:.0f}" for one in results.values()) + " |")
        lines.append(f"| {count} students, 00 to 03 open each | " + " | ".join(
            f"{needed(one, count, one['student']) / 1024:.0f}" for one in results.values()) + " |")
    return "\n".join([*lines, "", (
        "hub + proxy + students x one student, where one notebook open is the server and the "
        "largest kernel of 00 to 03: calculated from the tables, not tried.")])


def one_open(measured):
    """MB of a student who has one of the notebooks 00 to 03 open.

    >>> one_open(dict(server=150, kernels={"00_a": 200, "03_b": 250, "07_c": 400}))
    400
    """
    return measured["server"] + max(peak for stem, peak in measured["kernels"].items()
                                    if stem[:2] <= "03")


def needed(measured, count, student):
    """MB that a class takes at its peak.

    >>> needed(dict(hub=100, proxy=50), 30, student=300)
    9150
    """
    return measured["hub"] + measured["proxy"] + count * student


def kernel_table(results):
    """The peak of each notebook's kernel."""
    stems = sorted({stem for one in results.values() for stem in one["kernels"]})
    lines = [head("a kernel's peak of RSS, MB", results)]
    for stem in stems:
        lines.append(f"| {stem[:2]} | " + " | ".join(
            f"{one['kernels'][stem]:.0f}" if stem in one["kernels"] else ""
            for one in results.values()) + " |")
    return "\n".join([*lines, "", "Empty: not run on a hub yet."])


def head(words, results):
    return (f"| {words} | " + " | ".join(results) + " |\n"
            + "|---" * (len(results) + 1) + "|")
