# SPDX-License-Identifier: GPL-3.0-or-later
"""
Take the pictures of the documentation: ``python scripts/screenshots.py``. They land in ``docs/pictures/``.

    python scripts/screenshots.py                    all pictures
    python scripts/screenshots.py --only first-run   those of one window
    python scripts/screenshots.py --out /tmp/look    elsewhere, for a look
    python scripts/screenshots.py --theme light --scale 1.5 --language zh_HANS

A real Blender with the built add-on is driven on a virtual screen, connected to the stand-in of the service: what is
seen is what a user sees. Needs Linux, as the tests in windows do. No floor (development only). What is in the pictures
is in ``_dev/gallery.py``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from scripts._dev import venvs  # noqa: E402 -- as a script, this finds the package by the line above
from scripts._dev.cache import REPO  # noqa: E402

WINDOWS = ("work", "first-run", "batch", "library")


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description="Take the pictures of the documentation.")
    parser.add_argument("--only", choices=WINDOWS, action="append", help="only this window's; may be given again")
    parser.add_argument(
        "--out", type=Path, default=REPO / "docs" / "pictures", help="folder for the pictures (default: docs/pictures)"
    )
    parser.add_argument("--blender", choices=("trixie", "sid", "BLENDER"), default="trixie", help="see scripts/test.py")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--scale", type=float, default=1.2, help="resolution scale of Blender's interface")
    parser.add_argument("--language", default="", metavar="CODE", help="such as zh_HANS, ja_JP, de_DE")
    options = parser.parse_args()
    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code
    # These bring what only the development environment has.
    from scripts._dev.gallery import PICTURES
    from scripts._dev.studio import Look, Studio

    look = Look(options.theme, options.scale, options.language)
    with tempfile.TemporaryDirectory(prefix="triverse-pictures-") as scratch:
        studio = Studio(options.blender, look, options.out.resolve(), Path(scratch))
        for name in options.only or WINDOWS:
            PICTURES[name](studio)
    return 0


if __name__ == "__main__":
    sys.exit(main())
