# SPDX-License-Identifier: GPL-3.0-or-later
"""
Compare the files that are named on standard input, one path a line, and answer with a JSON object a line.

No floor (development only). Runs in a Python that has the ``bpy`` module, started by ``scripts/corpus.py``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts._dev.compare_imports import compare
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import ChildConverter


def main() -> None:
    """Answer until standard input ends. The importer's own words go to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    convert = ChildConverter(child_command()) if "--child" in sys.argv else None
    with tempfile.TemporaryDirectory(prefix="triverse-corpus-") as scratch:
        for line in sys.stdin:
            found = compare(Path(line.rstrip("\n")), convert, Path(scratch))
            print(json.dumps({name: asdict(one) for name, one in found.items()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)
