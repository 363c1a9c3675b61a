# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines tests run is recorded by file: here, as the recorder needs the Python of Blender 5.1 and newer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts._dev import line_recorder
from scripts._dev.cache import REPO

_EQUAL = """
import sys
from pathlib import Path
from scripts._dev import line_recorder

recorder = line_recorder.Recorder(Path(sys.argv[1]))
recorder._lines = {name: frozenset([2]) for name in ("one.py", "other.py")}
recorder.start()
for name in ("one.py", "other.py"):
    inside = {}
    exec(compile("def poll():\\n    return True", str(line_recorder.PACKAGE / name), "exec"), inside)
    assert inside["poll"]()
"""


@pytest.mark.skipif(sys.version_info < line_recorder.LEAST_PYTHON, reason="This Python cannot tell which lines run.")
def test_lines_of_two_files_are_told_apart_where_their_code_is_equal(tmp_path: Path) -> None:
    """Code of the same text on the same lines is equal, whichever file it is of."""
    # A Python started with "-c" first is recorded itself where the whole run records, and then cannot record again.
    subprocess.run([sys.executable, "-B", "-c", _EQUAL, tmp_path], cwd=REPO, check=True)
    assert (tmp_path / "lines").read_text().splitlines() == ["0 one.py 2", "0 other.py 2"]
