"""Measure again what README and notebooks claim, one benchmark after the other.

    python benchmarks/run.py [NAME ...]      like: build, draw, speed; all if none is named
"""
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ALL = ["build", "draw", "page", "speed", "cells", "parallel", "report"]  # those of a CPU


def main():
    for name in sys.argv[1:] or ALL:
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, str(FOLDER / "cpu" / f"{name}.py")], check=True)


if __name__ == "__main__":
    main()
