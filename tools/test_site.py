"""Try the site in a real browser: pytest on tests/site.

    python tools/test_site.py [options of pytest]

Where Chromium, or what the site is built of, cannot be had, the last line says what was left out.
"""
import sys

import pytest

import setup_env
import shell


def main(options):
    """The exit status of pytest."""
    setup_env.see_to_programs("chromedriver")
    return pytest.main(["--rootdir", shell.ROOT, "-o", "cache_dir=.pytest_cache/site",
                        f"{shell.ROOT}/tests/site", *options])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
