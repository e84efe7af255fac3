"""Write the address of the project, and that of its site, wherever they stand.

    python tools/address.py OWNER/REPOSITORY [https://the.site/folder]

OWNER/REPOSITORY is the project's name on GitHub; the site's address is that of its GitHub Pages
if it is not given. Both are kept in pyproject.toml, and nowhere else is one to be changed.
"""
import os
import re
import sys
from pathlib import Path

import shell

ROOT = Path(shell.ROOT)
SETTING = "pyproject.toml"
REPOSITORY = re.compile(r'^Repository = "https://github\.com/([^"]+)"', re.MULTILINE)
SITE = re.compile(r'^Documentation = "([^"]+)"', re.MULTILINE)
WHERE = re.compile(r"\nStart it: .*\n")  # in a notebook's first cell: where it can be started
NAME = re.compile(r"[\w.-]+/[\w.-]+")
ADDRESS = re.compile(r"https?://[^\s\"'()<>]+[^\s\"'()<>/]")


def main(arguments):
    """Write them; say where."""
    try:
        for name in change(ROOT, *arguments):
            print(f"address: written into {name}")
    except (TypeError, ValueError) as error:
        sys.exit(f"address: {error if isinstance(error, ValueError) else __doc__}")


def change(root, name, site=None):
    """Write the new addresses in the place of the old ones; the files that changed."""
    if not NAME.fullmatch(name):
        raise ValueError(f"expected OWNER/REPOSITORY, as on GitHub, not {name!r}")
    site = site or "https://{}.github.io/{}".format(*name.split("/"))
    if not ADDRESS.fullmatch(site):
        raise ValueError(f"expected an address like https://the.site/folder, not {site!r}")
    old_name, old_site = known(root)
    changed = []
    for path in files(root):
        text = path.read_text(encoding="utf-8")
        new = re.sub(rf"((?:github\.com|/github|/gh)/){re.escape(old_name)}(?![\w.-])",
                     lambda found: found[1] + name, text)
        new = re.sub(rf"{re.escape(old_site)}(?![\w.-])", lambda found: site, new)
        if new != text:
            write(path, new)
            changed.append(str(path.relative_to(root)))
    return changed


def known(root=ROOT):
    """(OWNER/REPOSITORY, the site's address), as pyproject.toml has them."""
    text = (Path(root) / SETTING).read_text(encoding="utf-8")
    return REPOSITORY.search(text)[1], SITE.search(text)[1]


def files(root):
    """The files that name an address."""
    root = Path(root)
    return [root / "README.md", root / "TEACHING.md", *sorted(root.glob("notebooks/*.ipynb")),
            root / SETTING]  # last: until then another try finds the old ones


def write(path, text):
    """Write beside and move into place: the whole file or nothing."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


if __name__ == "__main__":
    main(sys.argv[1:])
