# SPDX-License-Identifier: GPL-3.0-or-later
"""
Build the extension: ``python scripts/build.py`` makes ``dist/triverse-<version>.zip`` and prints its path.

No floor (development only); standard library only, Python 3.11 or newer. The work is in ``_dev/package.py``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _dev.cache import SetupError, say
from _dev.package import DIST, BuildError, build, ensure_runtime_wheels

__all__ = ["BuildError", "build", "ensure_runtime_wheels"]


def main() -> int:
    """Build, validate and print the path. Exit code 1 with the reason if it cannot be."""
    parser = argparse.ArgumentParser(description="Build and validate the Triverse extension for Blender.")
    parser.add_argument("--output-dir", type=Path, default=DIST, help="where the zip goes (default: dist)")
    options = parser.parse_args()
    try:
        path = build(options.output_dir.resolve())
    except (BuildError, SetupError) as error:
        say(f"The add-on was not built. {error}")
        return 1
    print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
